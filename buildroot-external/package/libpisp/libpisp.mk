################################################################################
#
# libpisp
#
################################################################################

# v1.6.0
LIBPISP_VERSION = 145ecb34af5a129a43b9a084f290c2b77d73e1c3
LIBPISP_SITE = https://github.com/raspberrypi/libpisp.git
LIBPISP_SITE_METHOD = git
LIBPISP_LICENSE = BSD-2-Clause
LIBPISP_LICENSE_FILES = LICENSE
LIBPISP_INSTALL_STAGING = YES
LIBPISP_DEPENDENCIES = host-pkgconf json-for-modern-cpp
LIBPISP_CONF_OPTS = \
	-Dexamples=false \
	-Dgstreamer=disabled \
	-Dlogging=disabled \
	-Dwerror=false

$(eval $(meson-package))

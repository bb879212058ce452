################################################################################
#
# rockchip-mpp
#
################################################################################

# 1.3.9, branch jellyfin-mpp
ROCKCHIP_MPP_VERSION = fda5a02e8f88e79ef110e7912c20326a1fea51fb
ROCKCHIP_MPP_SITE = https://github.com/nyanmisaka/mpp.git
ROCKCHIP_MPP_SITE_METHOD = git
ROCKCHIP_MPP_LICENSE = Apache-2.0 or MIT
ROCKCHIP_MPP_LICENSE_FILES = LICENSES/Apache-2.0 LICENSES/MIT
ROCKCHIP_MPP_INSTALL_STAGING = YES
# Its CMakeLists.txt asks for less than CMake 4 still knows.
ROCKCHIP_MPP_CONF_OPTS = \
	-DBUILD_TEST=OFF \
	-DCMAKE_POLICY_VERSION_MINIMUM=3.5

$(eval $(cmake-package))

################################################################################
#
# hsv-daemon
#
################################################################################

HSV_DAEMON_VERSION = local
HSV_DAEMON_SITE = $(BR2_EXTERNAL_HSV_PATH)/..
HSV_DAEMON_SITE_METHOD = local
HSV_DAEMON_LICENSE = MIT or Apache-2.0
HSV_DAEMON_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
HSV_DAEMON_DEPENDENCIES = $(BR2_CMAKE_HOST_DEPENDENCY) alsa-lib host-pkgconf
HSV_DAEMON_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude /.cache \
	--exclude /dl \
	--exclude /output \
	--exclude /target

# Buildroot would set its own profile. These come after its settings.
HSV_DAEMON_CARGO_ENV = \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS="1" \
	CARGO_PROFILE_RELEASE_LTO="thin" \
	CARGO_PROFILE_RELEASE_OPT_LEVEL="3"

# The workspace's root is no package, so nothing can be installed with
# cargo install: the programs are built by name and copied. hsvctl is
# there from the moment that its crate is.
HSV_DAEMON_PROGRAMS = hsvd hsv-provision hsv-update $(if $(wildcard $(HSV_DAEMON_SITE)/daemon/app/hsvctl/Cargo.toml),hsvctl)
HSV_DAEMON_CARGO_BUILD_OPTS = $(addprefix --package ,$(HSV_DAEMON_PROGRAMS))
HSV_DAEMON_OUT = target/$(RUSTC_TARGET_NAME)/$(if $(BR2_ENABLE_DEBUG),debug,release)

# Crates are vendored after a download only, and a local source is not
# downloaded. Not after the copy, but here: host-rustc is there now.
define HSV_DAEMON_VENDOR
	cd $(@D) && if [ ! -d VENDOR ]; then \
		mkdir -p .cargo $(BR_CARGO_HOME) && \
		$(TARGET_MAKE_ENV) CARGO_HOME=$(BR_CARGO_HOME) \
		flock $(BR_CARGO_HOME)/.br-lock \
		cargo vendor --locked VENDOR >> .cargo/config.toml; \
	fi
endef
HSV_DAEMON_PRE_CONFIGURE_HOOKS += HSV_DAEMON_VENDOR

define HSV_DAEMON_INSTALL_TARGET_CMDS
	$(foreach program,$(HSV_DAEMON_PROGRAMS),
		$(INSTALL) -D -m 0755 $(@D)/$(HSV_DAEMON_OUT)/$(program) \
			$(TARGET_DIR)/usr/bin/$(program)
	)
	$(@D)/daemon/app/hsvd/dist/install $(TARGET_DIR)
endef

# As hsvd-sysusers.conf says; the image has no systemd-sysusers.
define HSV_DAEMON_USERS
	- - gpio -1 * - - - GPIO lines
	- - i2c -1 * - - - I2C buses
	- - hsv-admin -1 * - - - Changes the camera over D-Bus
	hsv -1 hsv -1 * - - audio,gpio,i2c,video HomeKit camera
endef

$(eval $(cargo-package))

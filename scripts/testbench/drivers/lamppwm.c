// SPDX-License-Identifier: GPL-2.0
/*
 * A PWM chip of the test bench, of two channels, that drives nothing and remembers what it was told.
 * Its device is called `lamppwm`; the file `told` beside it has a line for every change, oldest first:
 *
 *   channel period_ns duty_ns enabled inverted
 *
 * What a chip may be told is up to the kernel's PWM core, which refuses the rest as on any board.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>

#define CHANNELS 2
#define REMEMBERED 64	/* a page of sysfs holds them */

struct told {
	u32 channel;
	u32 period_ns;
	u32 duty_ns;
	bool enabled;
	bool inverted;
};

static DEFINE_MUTEX(told_lock);
static struct told told[REMEMBERED];
static u32 told_count;

static int lamppwm_apply(struct pwm_chip *chip, struct pwm_device *pwm, const struct pwm_state *state)
{
	mutex_lock(&told_lock);
	told[told_count++ % REMEMBERED] = (struct told) {
		.channel = pwm->hwpwm,
		.period_ns = state->period,
		.duty_ns = state->duty_cycle,
		.enabled = state->enabled,
		.inverted = state->polarity == PWM_POLARITY_INVERSED,
	};
	mutex_unlock(&told_lock);
	return 0;
}

static const struct pwm_ops lamppwm_ops = {
	.apply = lamppwm_apply,
};

static ssize_t told_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	ssize_t length = 0;
	u32 at;

	mutex_lock(&told_lock);
	for (at = told_count > REMEMBERED ? told_count - REMEMBERED : 0; at < told_count; at++) {
		const struct told *one = &told[at % REMEMBERED];

		length += sysfs_emit_at(text, length, "%u %u %u %d %d\n", one->channel, one->period_ns,
					one->duty_ns, one->enabled, one->inverted);
	}
	mutex_unlock(&told_lock);
	return length;
}
static DEVICE_ATTR_RO(told);

static struct attribute *lamppwm_attrs[] = {
	&dev_attr_told.attr,
	NULL,
};
ATTRIBUTE_GROUPS(lamppwm);

static int lamppwm_probe(struct platform_device *device)
{
	struct pwm_chip *chip = devm_pwmchip_alloc(&device->dev, CHANNELS, 0);

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	chip->ops = &lamppwm_ops;
	return devm_pwmchip_add(&device->dev, chip);
}

static struct platform_driver lamppwm_driver = {
	.driver = {
		.name = "lamppwm",
		.dev_groups = lamppwm_groups,
	},
	.probe = lamppwm_probe,
};

static struct platform_device *lamppwm_device;

static int __init lamppwm_init(void)
{
	int error = platform_driver_register(&lamppwm_driver);

	if (error)
		return error;
	lamppwm_device = platform_device_register_simple("lamppwm", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(lamppwm_device)) {
		platform_driver_unregister(&lamppwm_driver);
		return PTR_ERR(lamppwm_device);
	}
	return 0;
}

static void __exit lamppwm_exit(void)
{
	platform_device_unregister(lamppwm_device);
	platform_driver_unregister(&lamppwm_driver);
}

module_init(lamppwm_init);
module_exit(lamppwm_exit);
MODULE_DESCRIPTION("PWM chip of the hsvd test bench");
MODULE_LICENSE("GPL");

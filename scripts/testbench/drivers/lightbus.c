// SPDX-License-Identifier: GPL-2.0
/*
 * An I2C bus with three light sensors of the test bench. All see the same light, which the module's
 * parameter says:
 *
 *   0x10  Vishay VEML7700   registers of 16 bits, low byte first; 4 is the light
 *   0x23  ROHM BH1750       commands of one byte; what is read is the light, high byte first
 *   0x44  TI OPT3001        registers of 16 bits, high byte first; 0 is the light
 *
 * Written from the data sheets. Plain transfers only, no SMBus commands.
 */
#include <linux/i2c.h>
#include <linux/minmax.h>
#include <linux/module.h>

#define VEML7700 0x10
#define BH1750 0x23
#define OPT3001 0x44

static unsigned int millilux = 100000;
module_param(millilux, uint, 0644);
MODULE_PARM_DESC(millilux, "light on the sensors, in thousandths of a lux");

static bool silent;
module_param(silent, bool, 0644);
MODULE_PARM_DESC(silent, "no sensor answers");

static u16 veml_registers[8];
static u8 veml_register;
static u8 bh_command;
static u16 opt_registers[4];
static u8 opt_register;

/* Thousandths of a lux in a step times 10: 42 at gain 2 and 800 ms, the finest. */
static u32 veml_step(void)
{
	u16 setup = veml_registers[0];
	u32 step = 42;

	switch ((setup >> 11) & 3) {
	case 0: step *= 2; break;	/* gain 1 */
	case 1: break;			/* gain 2 */
	case 2: step *= 16; break;	/* gain 1/8 */
	case 3: step *= 8; break;	/* gain 1/4 */
	}
	switch ((setup >> 6) & 15) {
	case 0: step *= 8; break;	/* 100 ms */
	case 1: step *= 4; break;
	case 2: step *= 2; break;
	case 3: break;			/* 800 ms */
	case 8: step *= 16; break;	/* 50 ms */
	case 12: step *= 32; break;	/* 25 ms */
	}
	return step;
}

static u16 veml_light(void)
{
	if (veml_registers[0] & 1)	/* shut down */
		return 0;
	return min_t(u64, div_u64((u64)millilux * 10, veml_step()), 0xffff);
}

static u16 bh_light(void)
{
	u64 steps = div_u64((u64)millilux * 12, 10000);

	switch (bh_command) {
	case 0x10: break;		/* one lux a step, about */
	case 0x11: steps *= 2; break;	/* half of it */
	default: return 0;		/* not started */
	}
	return min_t(u64, steps, 0xffff);
}

static u16 opt_light(void)
{
	u32 mantissa = millilux / 10;
	u16 exponent = 0;

	if (!(opt_registers[1] & 0x0600))	/* shut down */
		return 0;
	while (mantissa > 0x0fff && exponent < 11) {
		mantissa >>= 1;
		exponent++;
	}
	return exponent << 12 | min_t(u32, mantissa, 0x0fff);
}

static int veml(struct i2c_msg *msg)
{
	u16 value;

	if (msg->flags & I2C_M_RD) {
		value = veml_register == 4 ? veml_light() : veml_registers[veml_register];
		if (msg->len > 0)
			msg->buf[0] = value;
		if (msg->len > 1)
			msg->buf[1] = value >> 8;
		return 0;
	}
	if (!msg->len || msg->buf[0] >= ARRAY_SIZE(veml_registers))
		return -EIO;
	veml_register = msg->buf[0];
	if (msg->len >= 3)
		veml_registers[veml_register] = msg->buf[1] | msg->buf[2] << 8;
	return 0;
}

static int opt(struct i2c_msg *msg)
{
	u16 value;

	if (msg->flags & I2C_M_RD) {
		value = opt_register == 0 ? opt_light() : opt_registers[opt_register];
		if (msg->len > 0)
			msg->buf[0] = value >> 8;
		if (msg->len > 1)
			msg->buf[1] = value;
		return 0;
	}
	if (!msg->len || msg->buf[0] >= ARRAY_SIZE(opt_registers))
		return -EIO;
	opt_register = msg->buf[0];
	if (msg->len >= 3)
		opt_registers[opt_register] = msg->buf[1] << 8 | msg->buf[2];
	return 0;
}

static int bh(struct i2c_msg *msg)
{
	u16 value;

	if (msg->flags & I2C_M_RD) {
		value = bh_light();
		if (msg->len > 0)
			msg->buf[0] = value >> 8;
		if (msg->len > 1)
			msg->buf[1] = value;
		return 0;
	}
	if (msg->len)
		bh_command = msg->buf[0];
	return 0;
}

static int lightbus_xfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int count)
{
	int i, error;

	for (i = 0; i < count; i++) {
		if (silent)
			return -ENXIO;
		switch (msgs[i].addr) {
		case VEML7700: error = veml(&msgs[i]); break;
		case BH1750: error = bh(&msgs[i]); break;
		case OPT3001: error = opt(&msgs[i]); break;
		default: error = -ENXIO;
		}
		if (error)
			return error;
	}
	return count;
}

static u32 lightbus_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C;
}

static const struct i2c_algorithm lightbus_algorithm = {
	.xfer = lightbus_xfer,
	.functionality = lightbus_functionality,
};

static struct i2c_adapter lightbus = {
	.owner = THIS_MODULE,
	.name = "test bench light bus",
	.algo = &lightbus_algorithm,
};

static int __init lightbus_init(void)
{
	return i2c_add_adapter(&lightbus);
}

static void __exit lightbus_exit(void)
{
	i2c_del_adapter(&lightbus);
}

module_init(lightbus_init);
module_exit(lightbus_exit);
MODULE_DESCRIPTION("Light sensors of the hsvd test bench");
MODULE_LICENSE("GPL");

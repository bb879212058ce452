include $(sort $(wildcard $(BR2_EXTERNAL_HSV_PATH)/package/*/*.mk))

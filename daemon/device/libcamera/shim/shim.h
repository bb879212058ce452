/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libcamera for callers that speak C. One camera at a time; errors are negative errno values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hsv_camera;

struct hsv_wish {
	const char *id;            /* part of a camera's id, or empty: the first */
	uint32_t width, height;    /* pixels */
	uint32_t fps;
	uint32_t fourccs[4];       /* DRM's, the cheapest first; 0 ends them */
	uint32_t buffers;
	uint8_t horizontal_flip, vertical_flip;
	int32_t exposure_us;       /* -1: the camera's choice */
	float gain;                /* below 0: the camera's choice */
	int32_t white_balance_k;   /* -1: the camera's choice */
	int32_t crop[4];           /* left, top, width, height; width 0: none */
};

struct hsv_format {
	uint32_t fourcc, width, height;
	uint32_t stride;           /* bytes from one row of luma to the next */
	uint32_t lines;            /* rows of luma before chroma begins */
	uint32_t length;           /* bytes of a buffer */
	uint32_t buffers;
	uint8_t is_bt709, is_full_range;
	uint8_t refused;           /* bits of HSV_REFUSED_* */
};

enum {
	HSV_REFUSED_FLIP = 1, HSV_REFUSED_EXPOSURE = 2, HSV_REFUSED_GAIN = 4, HSV_REFUSED_WHITE_BALANCE = 8,
};

struct hsv_done {
	uint32_t index, sequence;
	uint32_t bytes_used;
	uint64_t timestamp_ns;     /* monotonic clock; 0: not told */
	uint8_t is_damaged;
	uint8_t shows_more;        /* than the crop that was asked for; then it is damaged too */
};

/* Opens a camera and agrees on a format; nothing is captured yet. -ENOENT: no such camera, -EBUSY:
 * in use, -ENOTSUP: no usable format, or pictures in several pieces of memory, -ERANGE: it cannot
 * crop so. */
int hsv_camera_open(const struct hsv_wish *wish, struct hsv_camera **camera, struct hsv_format *format);
/* The DMABUF of a buffer, which stays the camera's. */
int hsv_camera_buffer(struct hsv_camera *camera, uint32_t index);
/* Gives every buffer to the camera and starts it. */
int hsv_camera_start(struct hsv_camera *camera);
/* Waits for a picture: 1 when one is there, 0 when not, -ENODEV when the camera is gone. */
int hsv_camera_next(struct hsv_camera *camera, uint32_t timeout_ms, struct hsv_done *done);
/* Gives a buffer back. May be called from any thread. */
int hsv_camera_queue(struct hsv_camera *camera, uint32_t index);
/* Stops it and forgets it. */
void hsv_camera_close(struct hsv_camera *camera);

#ifdef __cplusplus
}
#endif

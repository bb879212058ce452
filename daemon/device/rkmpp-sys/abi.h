/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The part of librockchip_mpp's binary interface that the rkmpp crate calls, and nothing else.
 * Names, argument orders and numbers are the library's; they are the same in its releases of March
 * 2024 and February 2025. What its headers have as macros that add a tag and the caller's name are
 * the functions behind those macros here.
 *
 * Every name stands in ABI(), so that check.c can put these declarations beside the library's own.
 */
#ifndef HSV_RKMPP_ABI_H
#define HSV_RKMPP_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifndef ABI
#define ABI(name) name
#endif

/* Objects of the library. */
typedef void *ABI(MppCtx);
typedef void *ABI(MppParam);
typedef void *ABI(MppFrame);
typedef void *ABI(MppPacket);
typedef void *ABI(MppBuffer);
typedef void *ABI(MppBufferGroup);
typedef void *ABI(MppTask);
typedef void *ABI(MppMeta);
typedef void *ABI(MppEncCfg);

/* What calls return: zero, or a negative number, of which these have a meaning for us. */
typedef enum {
    ABI(MPP_OK) = 0,
    ABI(MPP_NOK) = -1,
    ABI(MPP_ERR_NULL_PTR) = -3,
    ABI(MPP_ERR_MALLOC) = -4,
    ABI(MPP_ERR_VALUE) = -6,
    ABI(MPP_ERR_TIMEOUT) = -8,
    ABI(MPP_ERR_INIT) = -1002
} ABI(MPP_RET);

typedef enum {
    ABI(MPP_CTX_ENC) = 1
} ABI(MppCtxType);

typedef enum {
    ABI(MPP_VIDEO_CodingAVC) = 7,
    ABI(MPP_VIDEO_CodingMJPEG) = 8
} ABI(MppCodingType);

/* The argument's type stands behind each. */
typedef enum {
    ABI(MPP_SET_INPUT_TIMEOUT) = 0x200006,    /* int64_t *, in milliseconds */
    ABI(MPP_SET_OUTPUT_TIMEOUT) = 0x200007,   /* int64_t *, in milliseconds */
    ABI(MPP_ENC_SET_CFG) = 0x320001,          /* MppEncCfg */
    ABI(MPP_ENC_GET_CFG) = 0x320002,          /* MppEncCfg */
    ABI(MPP_ENC_SET_IDR_FRAME) = 0x320009,    /* none */
    ABI(MPP_ENC_GET_HDR_SYNC) = 0x32000d,     /* MppPacket */
    ABI(MPP_ENC_SET_HEADER_MODE) = 0x328001   /* MppEncHeaderMode * */
} ABI(MpiCmd);

typedef enum {
    ABI(MPP_ENC_HEADER_MODE_DEFAULT) = 0,
    ABI(MPP_ENC_HEADER_MODE_EACH_IDR) = 1
} ABI(MppEncHeaderMode);

/* Values of the setting rc:mode. */
typedef enum {
    ABI(MPP_ENC_RC_MODE_VBR) = 0,
    ABI(MPP_ENC_RC_MODE_CBR) = 1
} ABI(MppEncRcMode);

/* Of rc:drop_mode. */
typedef enum {
    ABI(MPP_ENC_RC_DROP_FRM_DISABLED) = 0
} ABI(MppEncRcDropFrmMode);

typedef enum {
    ABI(MPP_FMT_YUV420SP) = 0, /* NV12 */
    ABI(MPP_FMT_YUV420P) = 4   /* I420 */
} ABI(MppFrameFormat);

/* Of prep:range. */
typedef enum {
    ABI(MPP_FRAME_RANGE_MPEG) = 1,
    ABI(MPP_FRAME_RANGE_JPEG) = 2
} ABI(MppFrameColorRange);

/* Of prep:colorspace, prep:colorprim and prep:colortrc: the numbers of ITU-T H.273. */
typedef enum {
    ABI(MPP_FRAME_SPC_BT709) = 1,
    ABI(MPP_FRAME_SPC_SMPTE170M) = 6
} ABI(MppFrameColorSpace);

typedef enum {
    ABI(MPP_FRAME_PRI_BT709) = 1
} ABI(MppFrameColorPrimaries);

typedef enum {
    ABI(MPP_FRAME_TRC_BT709) = 1
} ABI(MppFrameColorTransferCharacteristic);

typedef enum {
    ABI(MPP_BUFFER_INTERNAL) = 0
} ABI(MppBufferMode);

typedef enum {
    ABI(MPP_BUFFER_TYPE_EXT_DMA) = 2, /* a DMABUF of ours */
    ABI(MPP_BUFFER_TYPE_DRM) = 3      /* the library takes the kernel's best allocator for it */
} ABI(MppBufferType);

/* Four characters, the first one highest: "oidr". */
typedef enum {
    ABI(KEY_OUTPUT_INTRA) = 0x6f696472
} ABI(MppMetaKey);

typedef struct {
    ABI(MppBufferType) type;
    size_t size;
    void *ptr;
    void *hnd;
    int fd;
    int index;
} ABI(MppBufferInfo);

/* A context's table of calls. Those without arguments here are never called by us. */
typedef struct {
    uint32_t size;
    uint32_t version;
    void *decode;
    void *decode_put_packet;
    void *decode_get_frame;
    void *encode;
    ABI(MPP_RET) (*encode_put_frame)(ABI(MppCtx) ctx, ABI(MppFrame) frame);
    ABI(MPP_RET) (*encode_get_packet)(ABI(MppCtx) ctx, ABI(MppPacket) *packet);
    void *isp;
    void *isp_put_frame;
    void *isp_get_frame;
    void *poll;
    void *dequeue;
    void *enqueue;
    ABI(MPP_RET) (*reset)(ABI(MppCtx) ctx);
    ABI(MPP_RET) (*control)(ABI(MppCtx) ctx, ABI(MpiCmd) cmd, ABI(MppParam) param);
    uint32_t reserv[16];
} ABI(MppApi);

/* Contexts. */
ABI(MPP_RET) ABI(mpp_create)(ABI(MppCtx) *ctx, ABI(MppApi) **mpi);
ABI(MPP_RET) ABI(mpp_init)(ABI(MppCtx) ctx, ABI(MppCtxType) type, ABI(MppCodingType) coding);
ABI(MPP_RET) ABI(mpp_destroy)(ABI(MppCtx) ctx);

/* Settings by name. */
ABI(MPP_RET) ABI(mpp_enc_cfg_init)(ABI(MppEncCfg) *cfg);
ABI(MPP_RET) ABI(mpp_enc_cfg_deinit)(ABI(MppEncCfg) cfg);
ABI(MPP_RET) ABI(mpp_enc_cfg_set_s32)(ABI(MppEncCfg) cfg, const char *name, int32_t value);
ABI(MPP_RET) ABI(mpp_enc_cfg_set_u32)(ABI(MppEncCfg) cfg, const char *name, uint32_t value);

/* Memory. */
ABI(MPP_RET) ABI(mpp_buffer_group_get)(ABI(MppBufferGroup) *group, ABI(MppBufferType) type,
                                       ABI(MppBufferMode) mode, const char *tag, const char *caller);
ABI(MPP_RET) ABI(mpp_buffer_group_put)(ABI(MppBufferGroup) group);
ABI(MPP_RET) ABI(mpp_buffer_get_with_tag)(ABI(MppBufferGroup) group, ABI(MppBuffer) *buffer, size_t size,
                                          const char *tag, const char *caller);
ABI(MPP_RET) ABI(mpp_buffer_import_with_tag)(ABI(MppBufferGroup) group, ABI(MppBufferInfo) *info,
                                             ABI(MppBuffer) *buffer, const char *tag, const char *caller);
ABI(MPP_RET) ABI(mpp_buffer_put_with_caller)(ABI(MppBuffer) buffer, const char *caller);
void *ABI(mpp_buffer_get_ptr_with_caller)(ABI(MppBuffer) buffer, const char *caller);
/* Not in every release. */
ABI(MPP_RET) ABI(mpp_buffer_sync_begin_f)(ABI(MppBuffer) buffer, int32_t ro, const char *caller);
ABI(MPP_RET) ABI(mpp_buffer_sync_end_f)(ABI(MppBuffer) buffer, int32_t ro, const char *caller);

/* Pictures. */
ABI(MPP_RET) ABI(mpp_frame_init)(ABI(MppFrame) *frame);
ABI(MPP_RET) ABI(mpp_frame_deinit)(ABI(MppFrame) *frame);
void ABI(mpp_frame_set_width)(ABI(MppFrame) frame, uint32_t width);
void ABI(mpp_frame_set_height)(ABI(MppFrame) frame, uint32_t height);
void ABI(mpp_frame_set_hor_stride)(ABI(MppFrame) frame, uint32_t hor_stride);
void ABI(mpp_frame_set_ver_stride)(ABI(MppFrame) frame, uint32_t ver_stride);
void ABI(mpp_frame_set_fmt)(ABI(MppFrame) frame, ABI(MppFrameFormat) fmt);
void ABI(mpp_frame_set_pts)(ABI(MppFrame) frame, int64_t pts);
void ABI(mpp_frame_set_buffer)(ABI(MppFrame) frame, ABI(MppBuffer) buffer);

/* What was encoded. */
ABI(MPP_RET) ABI(mpp_packet_init)(ABI(MppPacket) *packet, void *data, size_t size);
ABI(MPP_RET) ABI(mpp_packet_deinit)(ABI(MppPacket) *packet);
void ABI(mpp_packet_set_length)(ABI(MppPacket) packet, size_t length);
void *ABI(mpp_packet_get_pos)(const ABI(MppPacket) packet);
size_t ABI(mpp_packet_get_length)(const ABI(MppPacket) packet);
int64_t ABI(mpp_packet_get_pts)(const ABI(MppPacket) packet);
int32_t ABI(mpp_packet_has_meta)(const ABI(MppPacket) packet);
ABI(MppMeta) ABI(mpp_packet_get_meta)(const ABI(MppPacket) packet);
ABI(MPP_RET) ABI(mpp_meta_get_s32)(ABI(MppMeta) meta, ABI(MppMetaKey) key, int32_t *value);

#endif

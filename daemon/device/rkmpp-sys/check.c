/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compares abi.h with the library's own headers. Compiled where the build finds them; it makes nothing
 * that is linked. A difference does not compile.
 */
#define ABI(name) ours_##name
#include "abi.h"

#include <rk_mpi.h>
#include <rk_venc_cfg.h>
#include <mpp_buffer.h>
#include <mpp_frame.h>
#include <mpp_meta.h>
#include <mpp_packet.h>

#define SAME_VALUE(name) \
    _Static_assert((long long)(name) == (long long)(ours_##name), #name " has another value")
#define SAME_SIZE(type) _Static_assert(sizeof(type) == sizeof(ours_##type), #type " has another size")
#define SAME_PLACE(type, field) \
    _Static_assert(offsetof(type, field) == offsetof(ours_##type, field) && \
                       sizeof(((type *)0)->field) == sizeof(((ours_##type *)0)->field), \
                   #type "." #field " is elsewhere")

SAME_VALUE(MPP_OK);
SAME_VALUE(MPP_NOK);
SAME_VALUE(MPP_ERR_NULL_PTR);
SAME_VALUE(MPP_ERR_MALLOC);
SAME_VALUE(MPP_ERR_VALUE);
SAME_VALUE(MPP_ERR_TIMEOUT);
SAME_VALUE(MPP_ERR_INIT);
SAME_VALUE(MPP_CTX_ENC);
SAME_VALUE(MPP_VIDEO_CodingAVC);
SAME_VALUE(MPP_VIDEO_CodingMJPEG);
SAME_VALUE(MPP_SET_INPUT_TIMEOUT);
SAME_VALUE(MPP_SET_OUTPUT_TIMEOUT);
SAME_VALUE(MPP_ENC_SET_CFG);
SAME_VALUE(MPP_ENC_GET_CFG);
SAME_VALUE(MPP_ENC_SET_IDR_FRAME);
SAME_VALUE(MPP_ENC_GET_HDR_SYNC);
SAME_VALUE(MPP_ENC_SET_HEADER_MODE);
SAME_VALUE(MPP_ENC_HEADER_MODE_DEFAULT);
SAME_VALUE(MPP_ENC_HEADER_MODE_EACH_IDR);
SAME_VALUE(MPP_ENC_RC_MODE_VBR);
SAME_VALUE(MPP_ENC_RC_MODE_CBR);
SAME_VALUE(MPP_ENC_RC_DROP_FRM_DISABLED);
SAME_VALUE(MPP_FMT_YUV420SP);
SAME_VALUE(MPP_FMT_YUV420P);
SAME_VALUE(MPP_FRAME_RANGE_MPEG);
SAME_VALUE(MPP_FRAME_RANGE_JPEG);
SAME_VALUE(MPP_FRAME_SPC_BT709);
SAME_VALUE(MPP_FRAME_SPC_SMPTE170M);
SAME_VALUE(MPP_FRAME_PRI_BT709);
SAME_VALUE(MPP_FRAME_TRC_BT709);
SAME_VALUE(MPP_BUFFER_INTERNAL);
SAME_VALUE(MPP_BUFFER_TYPE_EXT_DMA);
SAME_VALUE(MPP_BUFFER_TYPE_DRM);
SAME_VALUE(KEY_OUTPUT_INTRA);

SAME_SIZE(MPP_RET);
SAME_SIZE(MppCtxType);
SAME_SIZE(MppCodingType);
SAME_SIZE(MpiCmd);
SAME_SIZE(MppEncHeaderMode);
SAME_SIZE(MppFrameFormat);
SAME_SIZE(MppBufferMode);
SAME_SIZE(MppBufferType);
SAME_SIZE(MppMetaKey);

SAME_SIZE(MppBufferInfo);
SAME_PLACE(MppBufferInfo, type);
SAME_PLACE(MppBufferInfo, size);
SAME_PLACE(MppBufferInfo, ptr);
SAME_PLACE(MppBufferInfo, hnd);
SAME_PLACE(MppBufferInfo, fd);
SAME_PLACE(MppBufferInfo, index);

SAME_SIZE(MppApi);
SAME_PLACE(MppApi, size);
SAME_PLACE(MppApi, version);
SAME_PLACE(MppApi, encode_put_frame);
SAME_PLACE(MppApi, encode_get_packet);
SAME_PLACE(MppApi, reset);
SAME_PLACE(MppApi, control);
SAME_PLACE(MppApi, reserv);

/* That the calls take what we give them: each is made with arguments of our types. Integers and enums
 * convert by themselves; the number of arguments and pointers do not. */
void hsv_every_call(MppApi *api, MppBufferInfo *info, ours_MppCtx ctx, ours_MppEncCfg cfg,
                    ours_MppBufferGroup group, ours_MppBuffer buffer, ours_MppFrame frame,
                    ours_MppPacket packet, ours_MppMeta meta, int32_t number);

#define SAME_RESULT(call, type) _Static_assert(sizeof(call) == sizeof(type), #call " returns another type")

void hsv_every_call(MppApi *api, MppBufferInfo *info, ours_MppCtx ctx, ours_MppEncCfg cfg,
                    ours_MppBufferGroup group, ours_MppBuffer buffer, ours_MppFrame frame,
                    ours_MppPacket packet, ours_MppMeta meta, int32_t number)
{
    SAME_RESULT(mpp_create(&ctx, &api), ours_MPP_RET);
    SAME_RESULT(mpp_init(ctx, ours_MPP_CTX_ENC, ours_MPP_VIDEO_CodingAVC), ours_MPP_RET);
    SAME_RESULT(mpp_destroy(ctx), ours_MPP_RET);
    SAME_RESULT(api->control(ctx, ours_MPP_ENC_SET_CFG, cfg), ours_MPP_RET);
    SAME_RESULT(api->reset(ctx), ours_MPP_RET);
    SAME_RESULT(api->encode_put_frame(ctx, frame), ours_MPP_RET);
    SAME_RESULT(api->encode_get_packet(ctx, &packet), ours_MPP_RET);
    SAME_RESULT(mpp_enc_cfg_init(&cfg), ours_MPP_RET);
    SAME_RESULT(mpp_enc_cfg_deinit(cfg), ours_MPP_RET);
    SAME_RESULT(mpp_enc_cfg_set_s32(cfg, "", number), ours_MPP_RET);
    SAME_RESULT(mpp_enc_cfg_set_u32(cfg, "", 1u), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_group_get(&group, ours_MPP_BUFFER_TYPE_DRM, ours_MPP_BUFFER_INTERNAL, "", ""),
                ours_MPP_RET);
    SAME_RESULT(mpp_buffer_group_put(group), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_get_with_tag(group, &buffer, (size_t)1, "", ""), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_import_with_tag(group, info, &buffer, "", ""), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_put_with_caller(buffer, ""), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_get_ptr_with_caller(buffer, ""), void *);
#ifdef mpp_buffer_sync_begin
    SAME_RESULT(mpp_buffer_sync_begin_f(buffer, 0, ""), ours_MPP_RET);
    SAME_RESULT(mpp_buffer_sync_end_f(buffer, 0, ""), ours_MPP_RET);
#endif
    SAME_RESULT(mpp_frame_init(&frame), ours_MPP_RET);
    SAME_RESULT(mpp_frame_deinit(&frame), ours_MPP_RET);
    mpp_frame_set_width(frame, 1u);
    mpp_frame_set_height(frame, 1u);
    mpp_frame_set_hor_stride(frame, 1u);
    mpp_frame_set_ver_stride(frame, 1u);
    mpp_frame_set_fmt(frame, (MppFrameFormat)ours_MPP_FMT_YUV420SP);
    mpp_frame_set_pts(frame, (int64_t)1);
    mpp_frame_set_buffer(frame, buffer);
    SAME_RESULT(mpp_packet_init(&packet, (void *)0, (size_t)1), ours_MPP_RET);
    SAME_RESULT(mpp_packet_deinit(&packet), ours_MPP_RET);
    mpp_packet_set_length(packet, (size_t)1);
    SAME_RESULT(mpp_packet_get_pos(packet), void *);
    SAME_RESULT(mpp_packet_get_length(packet), size_t);
    SAME_RESULT(mpp_packet_get_pts(packet), int64_t);
    SAME_RESULT(mpp_packet_has_meta(packet), int32_t);
    SAME_RESULT(mpp_packet_get_meta(packet), ours_MppMeta);
    SAME_RESULT(mpp_meta_get_s32(meta, (MppMetaKey)ours_KEY_OUTPUT_INTRA, &number), ours_MPP_RET);
}

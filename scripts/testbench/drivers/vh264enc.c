// SPDX-License-Identifier: GPL-2.0
/*
 * vh264enc: a virtual stateful H.264 V4L2 mem2mem encoder for tests. Queue, drain and
 * end-of-stream handling follow the structure of the kernel's vicodec driver
 * (drivers/media/test-drivers/vicodec, GPL-2.0+), Copyright 2018 Cisco Systems, Inc.
 *
 * Emits real, decodable H.264: IDR frames are made of I_PCM macroblocks, P frames of P_Skip and
 * I_PCM ("conditional replenishment"), deblocking off, so what was coded decodes bit-exactly.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-mem2mem.h>
#include <media/videobuf2-vmalloc.h>

static unsigned int latency_us;
module_param(latency_us, uint, 0644);
MODULE_PARM_DESC(latency_us, "time to 'encode' a frame (as a slow device would)");
/* As the controls, for whoever did not open the device. One writer and one worker: no lock is needed. */
static unsigned int spoil;
module_param(spoil, uint, 0644);
MODULE_PARM_DESC(spoil, "so many pictures from now on come as error buffers");
static unsigned int break_down;
module_param(break_down, uint, 0644);
MODULE_PARM_DESC(break_down, "so many pictures from now on end their stream: both queues go to error");
static bool hang;
module_param(hang, bool, 0644);
MODULE_PARM_DESC(hang, "while it is set no picture is finished and no queue stops");
#define HANG_LOOK_MS 10
static unsigned int max_w = 1920, max_h = 1088;
static unsigned int hw_align = 2;
module_param(hw_align, uint, 0444);
MODULE_PARM_DESC(hw_align, "alignment that the OUTPUT format is rounded up to (2; 16 as on real macroblock hardware)");
static bool no_dmabuf;
module_param(no_dmabuf, bool, 0444);
MODULE_PARM_DESC(no_dmabuf, "the OUTPUT queue imports nothing, as drivers older than DMABUF");
module_param(max_w, uint, 0444);
module_param(max_h, uint, 0444);

#define NAME "vh264enc"
#define CID_INJECT_ERROR	(V4L2_CID_USER_BASE + 0x10f0)	/* next N frames: BUF_FLAG_ERROR */
#define CID_INJECT_STALL	(V4L2_CID_USER_BASE + 0x10f1)	/* next frame takes N ms */
#define CID_INJECT_FATAL	(V4L2_CID_USER_BASE + 0x10f2)	/* both queues go to error (poll -> POLLERR, DQBUF -> EIO) */

struct vdev {
	struct v4l2_device v4l2;
	struct video_device vfd;
	struct mutex lock;
	struct v4l2_m2m_dev *m2m;
	struct workqueue_struct *wq;
};

struct bits { u8 *p; u32 cap, n; u8 cur; int left; int zeros; bool ovf; };

struct ctx {
	struct v4l2_fh fh;
	struct vdev *dev;
	struct v4l2_ctrl_handler hdl;
	struct mutex vb_mutex;
	spinlock_t lock;
	struct delayed_work work;
	u32 w, h;			/* OUTPUT coded size (multiple of 16) */
	u32 cw, ch;			/* crop (visible) */
	u32 fourcc;
	u32 sizeimage;
	struct v4l2_fract tpf;
	u32 colorspace, xfer, ycbcr, quant;
	/* controls */
	u32 bitrate, gop, profile, level, inject_err, stall_ms;
	bool force_idr, repeat_hdr, fatal;
	/* state */
	u32 frame_in_gop, frame_num, idr_id, seq_out, seq_cap;
	u8 *ref;			/* last decoded picture, I420 */
	u8 *coded;			/* per macroblock of the frame being coded */
};

static inline struct ctx *f2c(struct file *f) { return container_of(f->private_data, struct ctx, fh); }

/* ---- bit writer with emulation prevention ---- */
static void raw(struct bits *b, u8 v)
{
	if (b->n >= b->cap) { b->ovf = true; return; }
	b->p[b->n++] = v;
}
static void byte_ep(struct bits *b, u8 v)
{
	if (b->zeros >= 2 && v <= 3) { raw(b, 3); b->zeros = 0; }
	raw(b, v);
	b->zeros = v ? 0 : b->zeros + 1;
}
static void put(struct bits *b, u32 v, int n)
{
	while (n--) {
		b->cur = (b->cur << 1) | ((v >> n) & 1);
		if (!--b->left) { byte_ep(b, b->cur); b->cur = 0; b->left = 8; }
	}
}
static void ue(struct bits *b, u32 v)
{
	int n = fls(v + 1);

	put(b, 0, n - 1);
	put(b, v + 1, n);
}
static void se(struct bits *b, s32 v) { ue(b, v <= 0 ? -2 * v : 2 * v - 1); }
static void align0(struct bits *b) { while (b->left != 8) put(b, 0, 1); }
static void nal(struct bits *b, u8 hdr)
{
	raw(b, 0); raw(b, 0); raw(b, 0); raw(b, 1); raw(b, hdr);
	b->zeros = 0; b->cur = 0; b->left = 8;
}
static void trail(struct bits *b) { put(b, 1, 1); align0(b); }

/* The colour of the OUTPUT format, in the words of H.264 Annex E */
static void signal_type(struct ctx *c, struct bits *b)
{
	u32 enc = c->ycbcr ?: V4L2_MAP_YCBCR_ENC_DEFAULT(c->colorspace);
	u32 quant = c->quant ?: V4L2_MAP_QUANTIZATION_DEFAULT(false, c->colorspace, enc);
	bool is_170m = c->colorspace == V4L2_COLORSPACE_SMPTE170M;

	put(b, 1, 1); put(b, 5, 3); put(b, quant == V4L2_QUANTIZATION_FULL_RANGE, 1);
	put(b, 1, 1);
	put(b, is_170m ? 6 : 1, 8);
	put(b, is_170m ? 6 : c->colorspace == V4L2_COLORSPACE_SRGB ? 13 : 1, 8);
	put(b, enc == V4L2_YCBCR_ENC_709 ? 1 : 6, 8);
}

static const u8 level_idc[] = { 10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51 };

static void profile(struct ctx *c, struct bits *b)
{
	switch (c->profile) {
	case V4L2_MPEG_VIDEO_H264_PROFILE_HIGH: put(b, 100, 8); put(b, 0, 8); break;
	case V4L2_MPEG_VIDEO_H264_PROFILE_MAIN: put(b, 77, 8); put(b, 0x40, 8); break;
	default: put(b, 66, 8); put(b, 0xc0, 8);
	}
	put(b, level_idc[c->level], 8);
	ue(b, 0);
	if (c->profile == V4L2_MPEG_VIDEO_H264_PROFILE_HIGH) {
		ue(b, 1); ue(b, 0); ue(b, 0);			/* 4:2:0, 8 bits */
		put(b, 0, 1); put(b, 0, 1);
	}
}

static void headers(struct ctx *c, struct bits *b)
{
	u32 cr = (ALIGN(c->w, 16) - c->cw) / 2, cb = (ALIGN(c->h, 16) - c->ch) / 2;

	nal(b, 0x67);
	profile(c, b);
	ue(b, 4 /* log2_max_frame_num-4 = 8 bits */); ue(b, 2 /* poc type 2 */);
	ue(b, 1); put(b, 0, 1);
	ue(b, ALIGN(c->w, 16) / 16 - 1); ue(b, ALIGN(c->h, 16) / 16 - 1);
	put(b, 1, 1); put(b, 1, 1);				/* frame_mbs_only, direct_8x8 */
	put(b, cr || cb, 1);
	if (cr || cb) { ue(b, 0); ue(b, cr); ue(b, 0); ue(b, cb); }
	put(b, 1, 1);						/* VUI: colour and timing */
	put(b, 0, 1); put(b, 0, 1); signal_type(c, b); put(b, 0, 1);
	put(b, 1, 1); put(b, c->tpf.numerator, 32); put(b, 2 * c->tpf.denominator, 32); put(b, 1, 1);
	put(b, 0, 1); put(b, 0, 1); put(b, 0, 1); put(b, 0, 1);
	trail(b);
	nal(b, 0x68);
	ue(b, 0); ue(b, 0); put(b, 0, 1); put(b, 0, 1); ue(b, 0); ue(b, 0); ue(b, 0);
	put(b, 0, 1); put(b, 0, 2); se(b, 0); se(b, 0); se(b, 0);
	put(b, 1, 1); put(b, 0, 1); put(b, 0, 1);		/* deblocking_filter_control_present */
	trail(b);
}

static void load_mb(struct ctx *c, const u8 *s, u32 mx, u32 my, u8 *o)
{
	u32 w = c->w, h = c->h, x, y;
	const u8 *cp = s + w * h;

	for (y = 0; y < 16; y++) {
		const u8 *l = s + min(my * 16 + y, h - 1) * w;

		if (mx * 16 + 16 <= w)
			memcpy(o + y * 16, l + mx * 16, 16);
		else
			for (x = 0; x < 16; x++) o[y * 16 + x] = l[min(mx * 16 + x, w - 1)];
	}
	for (y = 0; y < 8; y++)
		for (x = 0; x < 8; x++) {
			u32 cx = min(mx * 8 + x, w / 2 - 1), cy = min(my * 8 + y, h / 2 - 1);

			if (c->fourcc == V4L2_PIX_FMT_NV12) {
				const u8 *q = cp + cy * w + cx * 2;

				o[256 + y * 8 + x] = q[0]; o[320 + y * 8 + x] = q[1];
			} else {
				u32 i = cy * (w / 2) + cx;

				o[256 + y * 8 + x] = cp[i]; o[320 + y * 8 + x] = cp[w * h / 4 + i];
			}
		}
}

static u32 sad384(const u8 *a, const u8 *b)
{
	u32 s = 0, i;

	for (i = 0; i < 384; i++)
		s += abs((int)a[i] - (int)b[i]);
	return s;
}

/*
 * Marks the macroblocks of a P frame that get coded: those that changed, as many as the frame's
 * share of the bit rate allows. Each frame begins its search elsewhere, so that none starves.
 */
static void choose(struct ctx *c, const u8 *src, u32 mbw, u32 n)
{
	u32 budget = div_u64((u64)c->bitrate * c->tpf.numerator, 8 * max(1u, c->tpf.denominator));
	u32 from = (c->seq_cap * 97) % n, used = 0, i;
	u8 mb[384];

	memset(c->coded, 0, n);
	for (i = 0; i < n && used + 384 <= budget; i++) {
		u32 at = (from + i) % n;

		load_mb(c, src, at % mbw, at / mbw, mb);
		if (sad384(mb, c->ref + at * 384) > 64) {
			c->coded[at] = 1;
			used += 384;
		}
	}
}

/* returns bytes written, or 0 when the CAPTURE buffer is too small */
static u32 encode(struct ctx *c, const u8 *src, u8 *dst, u32 cap, bool *key)
{
	struct bits b = { .p = dst, .cap = cap, .left = 8 };
	u32 mbw = ALIGN(c->w, 16) / 16, n = mbw * (ALIGN(c->h, 16) / 16), i, k, run = 0;
	bool idr = c->force_idr || !c->frame_in_gop;
	u8 mb[384];

	if (idr) { c->frame_num = 0; c->frame_in_gop = 0; c->force_idr = false; }
	*key = idr;
	if (idr && (c->repeat_hdr || !c->seq_cap))
		headers(c, &b);
	nal(&b, idr ? 0x65 : 0x41);
	ue(&b, 0); ue(&b, idr ? 7 : 5); ue(&b, 0);
	put(&b, c->frame_num & 0xff, 8);
	if (idr) { ue(&b, c->idr_id++ & 1); }
	else { put(&b, 0, 1); put(&b, 0, 1); }		/* no override, no reordering */
	if (idr) { put(&b, 0, 1); put(&b, 0, 1); } else put(&b, 0, 1);	/* dec_ref_pic_marking */
	se(&b, 0);
	ue(&b, 1);					/* disable_deblocking_filter_idc */

	if (!idr)
		choose(c, src, mbw, n);
	for (i = 0; i < n; i++) {
		if (!idr && !c->coded[i]) { run++; continue; }
		load_mb(c, src, i % mbw, i / mbw, mb);
		if (!idr) { ue(&b, run); run = 0; }
		ue(&b, idr ? 25 : 30);
		align0(&b);
		for (k = 0; k < 384; k++)
			byte_ep(&b, mb[k]);
		memcpy(c->ref + i * 384, mb, 384);
	}
	if (run) ue(&b, run);
	trail(&b);
	c->frame_num++;
	if (++c->frame_in_gop >= c->gop && c->gop) c->frame_in_gop = 0;
	return b.ovf ? 0 : b.n;
}

static const struct v4l2_event eos = { .type = V4L2_EVENT_EOS };

static void work_fn(struct work_struct *ws)
{
	struct ctx *c = container_of(to_delayed_work(ws), struct ctx, work);
	struct v4l2_m2m_ctx *m = c->fh.m2m_ctx;
	struct vb2_v4l2_buffer *s, *d;
	enum vb2_buffer_state st = VB2_BUF_STATE_DONE;
	bool key = false;
	u32 n;

	if (READ_ONCE(hang)) {
		queue_delayed_work(c->dev->wq, &c->work, msecs_to_jiffies(HANG_LOOK_MS));
		return;
	}
	s = v4l2_m2m_src_buf_remove(m);
	d = v4l2_m2m_dst_buf_remove(m);
	if (WARN_ON(!s || !d)) goto out;
	v4l2_m2m_buf_copy_metadata(s, d, true);
	d->flags &= ~(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST);
	n = encode(c, vb2_plane_vaddr(&s->vb2_buf, 0), vb2_plane_vaddr(&d->vb2_buf, 0),
		   vb2_plane_size(&d->vb2_buf, 0), &key);
	if (!n || c->inject_err || spoil) {
		st = VB2_BUF_STATE_ERROR;
		n = 0;	/* and the next one is no IDR: whoever reads the stream must ask for it */
		if (c->inject_err) c->inject_err--;
		else if (spoil) spoil--;
	}
	vb2_set_plane_payload(&d->vb2_buf, 0, n);
	d->flags |= key ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME;
	d->field = V4L2_FIELD_NONE;
	d->sequence = c->seq_cap++;
	s->sequence = c->seq_out++;
	spin_lock(&c->lock);
	if (v4l2_m2m_is_last_draining_src_buf(m, s)) {
		d->flags |= V4L2_BUF_FLAG_LAST;
		v4l2_event_queue_fh(&c->fh, &eos);
		v4l2_m2m_mark_stopped(m);
	}
	v4l2_m2m_buf_done(s, st);
	v4l2_m2m_buf_done(d, st);
	spin_unlock(&c->lock);
	if (c->fatal || break_down) {
		if (!c->fatal) break_down--;
		c->fatal = false;
		vb2_queue_error(&m->out_q_ctx.q);
		vb2_queue_error(&m->cap_q_ctx.q);
	}
out:
	v4l2_m2m_job_finish(c->dev->m2m, m);
}

static void device_run(void *priv)
{
	struct ctx *c = priv;
	unsigned long us = latency_us + c->stall_ms * 1000ul;

	c->stall_ms = 0;
	queue_delayed_work(c->dev->wq, &c->work, usecs_to_jiffies(us));
}
static const struct v4l2_m2m_ops m2m_ops = { .device_run = device_run };

/* ---- ioctls ---- */
static int querycap(struct file *f, void *p, struct v4l2_capability *c)
{
	strscpy(c->driver, NAME, sizeof(c->driver));
	strscpy(c->card, "virtual H.264 encoder", sizeof(c->card));
	return 0;
}
static int enum_cap(struct file *f, void *p, struct v4l2_fmtdesc *d)
{
	if (d->index) return -EINVAL;
	d->pixelformat = V4L2_PIX_FMT_H264;
	return 0;
}
static int enum_out(struct file *f, void *p, struct v4l2_fmtdesc *d)
{
	if (d->index > 1) return -EINVAL;
	d->pixelformat = d->index ? V4L2_PIX_FMT_YUV420 : V4L2_PIX_FMT_NV12;
	return 0;
}
static void fill(struct ctx *c, struct v4l2_format *f)
{
	struct v4l2_pix_format_mplane *m = &f->fmt.pix_mp;

	m->field = V4L2_FIELD_NONE;
	m->num_planes = 1;
	m->flags = 0;
	memset(m->reserved, 0, sizeof(m->reserved));
	m->colorspace = c->colorspace; m->xfer_func = c->xfer; m->ycbcr_enc = c->ycbcr; m->quantization = c->quant;
	m->width = c->w; m->height = c->h;
	memset(m->plane_fmt[0].reserved, 0, sizeof(m->plane_fmt[0].reserved));
	if (V4L2_TYPE_IS_OUTPUT(f->type)) {
		m->pixelformat = c->fourcc;
		m->plane_fmt[0].bytesperline = c->w;
		m->plane_fmt[0].sizeimage = c->w * c->h * 3 / 2;
	} else {
		m->pixelformat = V4L2_PIX_FMT_H264;
		m->plane_fmt[0].bytesperline = 0;
		m->plane_fmt[0].sizeimage = c->sizeimage;
	}
}
static int g_fmt(struct file *f, void *p, struct v4l2_format *fmt) { fill(f2c(f), fmt); return 0; }
static u32 min_sz(u32 w, u32 h) { w = ALIGN(w, 16); h = ALIGN(h, 16); return w * h * 3 / 2 + w * h / 64 + 4096; }
static int try_fmt(struct file *f, void *p, struct v4l2_format *fmt)
{
	struct ctx *c = f2c(f), t = *c;
	struct v4l2_pix_format_mplane *m = &fmt->fmt.pix_mp;

	if (V4L2_TYPE_IS_OUTPUT(fmt->type)) {
		t.w = clamp(ALIGN(m->width, hw_align), 64u, max_w); t.h = clamp(ALIGN(m->height, hw_align), 64u, max_h);
		t.fourcc = m->pixelformat == V4L2_PIX_FMT_YUV420 ? V4L2_PIX_FMT_YUV420 : V4L2_PIX_FMT_NV12;
		t.colorspace = m->colorspace; t.xfer = m->xfer_func; t.ycbcr = m->ycbcr_enc; t.quant = m->quantization;
	} else {
		t.sizeimage = max(m->plane_fmt[0].sizeimage, 4096u);
		t.sizeimage = min(t.sizeimage, 16u << 20);
	}
	fill(&t, fmt);
	return 0;
}
static int s_fmt(struct file *f, void *p, struct v4l2_format *fmt)
{
	struct ctx *c = f2c(f);
	struct vb2_queue *q = v4l2_m2m_get_vq(c->fh.m2m_ctx, fmt->type);
	struct v4l2_pix_format_mplane *m = &fmt->fmt.pix_mp;
	u32 rw = m->width, rh = m->height;

	if (vb2_is_busy(q)) return -EBUSY;
	try_fmt(f, p, fmt);
	if (V4L2_TYPE_IS_OUTPUT(fmt->type)) {
		struct vb2_queue *cq = v4l2_m2m_get_dst_vq(c->fh.m2m_ctx);

		if ((m->width != c->w || m->height != c->h) && vb2_is_busy(cq)) return -EBUSY;
		c->w = m->width; c->h = m->height; c->fourcc = m->pixelformat;
		c->cw = clamp(rw & ~1u, 16u, c->w); c->ch = clamp(rh & ~1u, 16u, c->h);
		c->colorspace = m->colorspace; c->xfer = m->xfer_func; c->ycbcr = m->ycbcr_enc; c->quant = m->quantization;
		c->sizeimage = min_sz(c->w, c->h);
	} else {
		c->sizeimage = m->plane_fmt[0].sizeimage;
	}
	return 0;
}
static int g_sel(struct file *f, void *p, struct v4l2_selection *s)
{
	struct ctx *c = f2c(f);

	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT) return -EINVAL;
	s->r.left = s->r.top = 0;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP: s->r.width = c->cw; s->r.height = c->ch; return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS: s->r.width = c->w; s->r.height = c->h; return 0;
	}
	return -EINVAL;
}
static int s_sel(struct file *f, void *p, struct v4l2_selection *s)
{
	struct ctx *c = f2c(f);

	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT || s->target != V4L2_SEL_TGT_CROP) return -EINVAL;
	if (vb2_is_streaming(v4l2_m2m_get_src_vq(c->fh.m2m_ctx))) return -EBUSY;
	s->r.left = s->r.top = 0;
	c->cw = s->r.width = clamp(s->r.width & ~1u, 16u, c->w);
	c->ch = s->r.height = clamp(s->r.height & ~1u, 16u, c->h);
	return 0;
}
static int g_parm(struct file *f, void *p, struct v4l2_streamparm *a)
{
	struct ctx *c = f2c(f);

	if (a->type != V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) return -EINVAL;
	a->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	a->parm.output.timeperframe = c->tpf;
	return 0;
}
static int s_parm(struct file *f, void *p, struct v4l2_streamparm *a)
{
	struct ctx *c = f2c(f);
	struct v4l2_fract *t = &a->parm.output.timeperframe;

	if (a->type != V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) return -EINVAL;
	if (!t->numerator || !t->denominator) { t->numerator = 1; t->denominator = 30; }
	c->tpf = *t;
	return g_parm(f, p, a);
}
static int enum_sizes(struct file *f, void *p, struct v4l2_frmsizeenum *s)
{
	if (s->index) return -EINVAL;
	if (s->pixel_format != V4L2_PIX_FMT_NV12 && s->pixel_format != V4L2_PIX_FMT_YUV420 &&
	    s->pixel_format != V4L2_PIX_FMT_H264) return -EINVAL;
	s->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	s->stepwise = (struct v4l2_frmsize_stepwise){ 64, max_w, hw_align, 64, max_h, hw_align };
	return 0;
}
static int enc_cmd(struct file *f, void *fh, struct v4l2_encoder_cmd *ec)
{
	struct ctx *c = f2c(f);
	struct v4l2_m2m_ctx *m = c->fh.m2m_ctx;
	int r = v4l2_m2m_ioctl_try_encoder_cmd(f, fh, ec);

	if (r < 0) return r;
	if (!vb2_is_streaming(&m->cap_q_ctx.q) || !vb2_is_streaming(&m->out_q_ctx.q)) return 0;
	r = v4l2_m2m_ioctl_encoder_cmd(f, fh, ec);
	if (r < 0) return r;
	if (ec->cmd == V4L2_ENC_CMD_STOP && v4l2_m2m_has_stopped(m)) v4l2_event_queue_fh(&c->fh, &eos);
	if (ec->cmd == V4L2_ENC_CMD_START && v4l2_m2m_has_stopped(m)) vb2_clear_last_buffer_dequeued(&m->cap_q_ctx.q);
	return 0;
}
static int sub_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *s)
{
	if (s->type == V4L2_EVENT_EOS) return v4l2_event_subscribe(fh, s, 0, NULL);
	return v4l2_ctrl_subscribe_event(fh, s);
}
static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = enum_cap, .vidioc_enum_fmt_vid_out = enum_out,
	.vidioc_g_fmt_vid_cap_mplane = g_fmt, .vidioc_g_fmt_vid_out_mplane = g_fmt,
	.vidioc_try_fmt_vid_cap_mplane = try_fmt, .vidioc_try_fmt_vid_out_mplane = try_fmt,
	.vidioc_s_fmt_vid_cap_mplane = s_fmt, .vidioc_s_fmt_vid_out_mplane = s_fmt,
	.vidioc_g_selection = g_sel, .vidioc_s_selection = s_sel,
	.vidioc_g_parm = g_parm, .vidioc_s_parm = s_parm,
	.vidioc_enum_framesizes = enum_sizes,
	.vidioc_reqbufs = v4l2_m2m_ioctl_reqbufs, .vidioc_querybuf = v4l2_m2m_ioctl_querybuf,
	.vidioc_qbuf = v4l2_m2m_ioctl_qbuf, .vidioc_dqbuf = v4l2_m2m_ioctl_dqbuf,
	.vidioc_prepare_buf = v4l2_m2m_ioctl_prepare_buf, .vidioc_create_bufs = v4l2_m2m_ioctl_create_bufs,
	.vidioc_expbuf = v4l2_m2m_ioctl_expbuf,
	.vidioc_streamon = v4l2_m2m_ioctl_streamon, .vidioc_streamoff = v4l2_m2m_ioctl_streamoff,
	.vidioc_try_encoder_cmd = v4l2_m2m_ioctl_try_encoder_cmd, .vidioc_encoder_cmd = enc_cmd,
	.vidioc_subscribe_event = sub_event, .vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};

/* ---- vb2 ---- */
static int queue_setup(struct vb2_queue *q, unsigned int *nb, unsigned int *np, unsigned int sz[], struct device *ad[])
{
	struct ctx *c = vb2_get_drv_priv(q);
	u32 need = V4L2_TYPE_IS_OUTPUT(q->type) ? c->w * c->h * 3 / 2 : c->sizeimage;

	if (*np) return (*np != 1 || sz[0] < need) ? -EINVAL : 0;
	*np = 1; sz[0] = need;
	return 0;
}
static int out_validate(struct vb2_buffer *vb) { to_vb2_v4l2_buffer(vb)->field = V4L2_FIELD_NONE; return 0; }
static int buf_prepare(struct vb2_buffer *vb)
{
	struct ctx *c = vb2_get_drv_priv(vb->vb2_queue);

	if (V4L2_TYPE_IS_OUTPUT(vb->vb2_queue->type)) {
		if (vb2_plane_size(vb, 0) < c->w * c->h * 3 / 2) return -EINVAL;
	} else {
		vb2_set_plane_payload(vb, 0, 0);
	}
	return 0;
}
static void buf_queue(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *v = to_vb2_v4l2_buffer(vb);
	struct ctx *c = vb2_get_drv_priv(vb->vb2_queue);
	struct v4l2_m2m_ctx *m = c->fh.m2m_ctx;

	if (V4L2_TYPE_IS_CAPTURE(vb->vb2_queue->type) && vb2_is_streaming(vb->vb2_queue) && v4l2_m2m_dst_buf_is_last(m)) {
		vb2_set_plane_payload(vb, 0, 0);
		v->field = V4L2_FIELD_NONE;
		v->sequence = c->seq_cap++;
		v4l2_m2m_last_buffer_done(m, v);
		v4l2_event_queue_fh(&c->fh, &eos);
		return;
	}
	v4l2_m2m_buf_queue(m, v);
}
static int start(struct vb2_queue *q, unsigned int count)
{
	struct ctx *c = vb2_get_drv_priv(q);

	v4l2_m2m_update_start_streaming_state(c->fh.m2m_ctx, q);
	if (V4L2_TYPE_IS_OUTPUT(q->type)) {
		u32 n = ALIGN(c->w, 16) * ALIGN(c->h, 16) / 256;

		kvfree(c->ref);
		kvfree(c->coded);
		c->ref = kvzalloc(n * 384, GFP_KERNEL);
		c->coded = kvzalloc(n, GFP_KERNEL);
		if (!c->ref || !c->coded) {
			struct vb2_v4l2_buffer *b;

			while ((b = v4l2_m2m_src_buf_remove(c->fh.m2m_ctx))) v4l2_m2m_buf_done(b, VB2_BUF_STATE_QUEUED);
			return -ENOMEM;
		}
		c->seq_out = 0;
	} else {
		c->seq_cap = 0;
	}
	c->frame_in_gop = 0;
	return 0;
}
static void stop(struct vb2_queue *q)
{
	struct ctx *c = vb2_get_drv_priv(q);
	struct vb2_v4l2_buffer *b;

	while (READ_ONCE(hang)) msleep(HANG_LOOK_MS);
	for (;;) {
		b = V4L2_TYPE_IS_OUTPUT(q->type) ? v4l2_m2m_src_buf_remove(c->fh.m2m_ctx) : v4l2_m2m_dst_buf_remove(c->fh.m2m_ctx);
		if (!b) break;
		v4l2_m2m_buf_done(b, VB2_BUF_STATE_ERROR);
	}
	v4l2_m2m_update_stop_streaming_state(c->fh.m2m_ctx, q);
	if (V4L2_TYPE_IS_OUTPUT(q->type) && v4l2_m2m_has_stopped(c->fh.m2m_ctx)) v4l2_event_queue_fh(&c->fh, &eos);
}
static const struct vb2_ops qops = {
	.queue_setup = queue_setup, .buf_out_validate = out_validate, .buf_prepare = buf_prepare, .buf_queue = buf_queue,
	.start_streaming = start, .stop_streaming = stop, .wait_prepare = vb2_ops_wait_prepare, .wait_finish = vb2_ops_wait_finish,
};
static int queue_init(void *priv, struct vb2_queue *s, struct vb2_queue *d)
{
	struct ctx *c = priv;
	struct vb2_queue *q[2] = { s, d };
	int i, r;

	for (i = 0; i < 2; i++) {
		q[i]->type = i ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
		q[i]->io_modes = VB2_MMAP | VB2_USERPTR | (i || !no_dmabuf ? VB2_DMABUF : 0);
		q[i]->drv_priv = c; q[i]->ops = &qops; q[i]->mem_ops = &vb2_vmalloc_memops;
		q[i]->buf_struct_size = sizeof(struct v4l2_m2m_buffer);
		q[i]->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
		q[i]->lock = &c->vb_mutex;
		r = vb2_queue_init(q[i]);
		if (r) return r;
	}
	return 0;
}

/* ---- controls ---- */
static int s_ctrl(struct v4l2_ctrl *k)
{
	struct ctx *c = container_of(k->handler, struct ctx, hdl);

	switch (k->id) {
	case V4L2_CID_MPEG_VIDEO_BITRATE: c->bitrate = k->val; break;
	case V4L2_CID_MPEG_VIDEO_GOP_SIZE:
	case V4L2_CID_MPEG_VIDEO_H264_I_PERIOD: c->gop = k->val; break;
	case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME: c->force_idr = true; break;
	case V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER: c->repeat_hdr = k->val; break;
	case V4L2_CID_MPEG_VIDEO_H264_PROFILE: c->profile = k->val; break;
	case V4L2_CID_MPEG_VIDEO_H264_LEVEL: c->level = k->val; break;
	case CID_INJECT_ERROR: c->inject_err = k->val; break;
	case CID_INJECT_STALL: c->stall_ms = k->val; break;
	case CID_INJECT_FATAL: c->fatal = true; break;
	}
	return 0;
}
static const struct v4l2_ctrl_ops ctrl_ops = { .s_ctrl = s_ctrl };
static const struct v4l2_ctrl_config inj[] = {
	{ .ops = &ctrl_ops, .id = CID_INJECT_ERROR, .name = "Inject frame errors", .type = V4L2_CTRL_TYPE_INTEGER, .max = 1000, .step = 1, .flags = V4L2_CTRL_FLAG_EXECUTE_ON_WRITE },
	{ .ops = &ctrl_ops, .id = CID_INJECT_STALL, .name = "Inject stall ms", .type = V4L2_CTRL_TYPE_INTEGER, .max = 60000, .step = 1, .flags = V4L2_CTRL_FLAG_EXECUTE_ON_WRITE },
	{ .ops = &ctrl_ops, .id = CID_INJECT_FATAL, .name = "Inject fatal error", .type = V4L2_CTRL_TYPE_BUTTON },
};

static int vopen(struct file *f)
{
	struct vdev *dev = video_drvdata(f);
	struct ctx *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct v4l2_ctrl_handler *h;
	int i, r;

	if (!c) return -ENOMEM;
	v4l2_fh_init(&c->fh, &dev->vfd);
	f->private_data = &c->fh;
	c->dev = dev;
	mutex_init(&c->vb_mutex);
	spin_lock_init(&c->lock);
	INIT_DELAYED_WORK(&c->work, work_fn);
	c->w = 1280; c->h = 720; c->cw = 1280; c->ch = 720; c->fourcc = V4L2_PIX_FMT_NV12;
	c->sizeimage = min_sz(c->w, c->h); c->tpf.numerator = 1; c->tpf.denominator = 30; c->colorspace = V4L2_COLORSPACE_REC709;
	h = &c->hdl;
	v4l2_ctrl_handler_init(h, 16);
	v4l2_ctrl_new_std_menu(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR, 0, V4L2_MPEG_VIDEO_BITRATE_MODE_VBR);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_BITRATE, 25000, 100000000, 25000, 10000000);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 65535, 1, 60);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 65535, 1, 60);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0, 0, 0, 0);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 0, 1, 1, 0);
	v4l2_ctrl_new_std(h, &ctrl_ops, V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 1, 1, 1, 1);
	v4l2_ctrl_new_std_menu(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
			       BIT(V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE), V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
	v4l2_ctrl_new_std_menu(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
			       BIT(V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED), V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE);
	v4l2_ctrl_new_std_menu(h, &ctrl_ops, V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0, V4L2_MPEG_VIDEO_H264_LEVEL_4_0);
	for (i = 0; i < ARRAY_SIZE(inj); i++) v4l2_ctrl_new_custom(h, &inj[i], NULL);
	if (h->error) { r = h->error; goto err; }
	c->fh.ctrl_handler = h;
	v4l2_ctrl_handler_setup(h);
	c->force_idr = c->fatal = false; c->inject_err = c->stall_ms = 0;
	c->fh.m2m_ctx = v4l2_m2m_ctx_init(dev->m2m, c, queue_init);
	if (IS_ERR(c->fh.m2m_ctx)) { r = PTR_ERR(c->fh.m2m_ctx); goto err; }
	c->fh.m2m_ctx->q_lock = &c->vb_mutex;
	v4l2_fh_add(&c->fh);
	return 0;
err:
	v4l2_ctrl_handler_free(h);
	v4l2_fh_exit(&c->fh);
	kfree(c);
	return r;
}
static int vrelease(struct file *f)
{
	struct ctx *c = f2c(f);

	v4l2_m2m_ctx_release(c->fh.m2m_ctx);
	cancel_delayed_work_sync(&c->work);
	v4l2_fh_del(&c->fh);
	v4l2_ctrl_handler_free(&c->hdl);
	v4l2_fh_exit(&c->fh);
	kvfree(c->ref);
	kvfree(c->coded);
	kfree(c);
	return 0;
}
static const struct v4l2_file_operations fops = {
	.owner = THIS_MODULE, .open = vopen, .release = vrelease, .poll = v4l2_m2m_fop_poll,
	.unlocked_ioctl = video_ioctl2, .mmap = v4l2_m2m_fop_mmap,
};

static struct platform_device *pdev;
static struct vdev *vd;

static int __init vinit(void)
{
	int r;

	pdev = platform_device_register_simple(NAME, -1, NULL, 0);
	if (IS_ERR(pdev)) return PTR_ERR(pdev);
	vd = kzalloc(sizeof(*vd), GFP_KERNEL);
	if (!vd) { r = -ENOMEM; goto e0; }
	mutex_init(&vd->lock);
	vd->wq = alloc_ordered_workqueue(NAME, 0);
	if (!vd->wq) { r = -ENOMEM; goto e1; }
	strscpy(vd->v4l2.name, NAME, sizeof(vd->v4l2.name));
	r = v4l2_device_register(&pdev->dev, &vd->v4l2);
	if (r) goto e2;
	vd->m2m = v4l2_m2m_init(&m2m_ops);
	if (IS_ERR(vd->m2m)) { r = PTR_ERR(vd->m2m); goto e3; }
	strscpy(vd->vfd.name, NAME, sizeof(vd->vfd.name));
	vd->vfd.vfl_dir = VFL_DIR_M2M;
	vd->vfd.fops = &fops; vd->vfd.ioctl_ops = &ioctl_ops; vd->vfd.release = video_device_release_empty;
	vd->vfd.v4l2_dev = &vd->v4l2; vd->vfd.lock = &vd->lock;
	vd->vfd.device_caps = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
	video_set_drvdata(&vd->vfd, vd);
	r = video_register_device(&vd->vfd, VFL_TYPE_VIDEO, -1);
	if (r) goto e4;
	return 0;
e4:	v4l2_m2m_release(vd->m2m);
e3:	v4l2_device_unregister(&vd->v4l2);
e2:	destroy_workqueue(vd->wq);
e1:	kfree(vd);
e0:	platform_device_unregister(pdev);
	return r;
}
static void __exit vexit(void)
{
	video_unregister_device(&vd->vfd);
	v4l2_m2m_release(vd->m2m);
	v4l2_device_unregister(&vd->v4l2);
	destroy_workqueue(vd->wq);
	kfree(vd);
	platform_device_unregister(pdev);
}
module_init(vinit);
module_exit(vexit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("virtual stateful H.264 encoder for tests");

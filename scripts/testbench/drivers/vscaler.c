// SPDX-License-Identifier: GPL-2.0
/*
 * vscaler: a virtual V4L2 mem2mem scaler for tests. Pictures of NV12 or YUV420 go in, pictures of
 * either format and of any size come out. Queues and their order follow the structure of the
 * kernel's vim2m driver (drivers/media/test-drivers/vim2m.c, GPL-2.0+, Copyright 2009-2010
 * Samsung Electronics).
 *
 * A sample that comes out is the mean of the samples that it covers, so that a test can compute
 * what it must get; where a picture grows, samples are repeated.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-mem2mem.h>
#include <media/videobuf2-vmalloc.h>

#define NAME "vscaler"
#define MIN_SIDE 16
#define MAX_SIDE 4096
#define HANG_LOOK_MS 10

static unsigned int latency_us;
module_param(latency_us, uint, 0644);
MODULE_PARM_DESC(latency_us, "time a picture takes");
static bool hang;
module_param(hang, bool, 0644);
MODULE_PARM_DESC(hang, "while it is set no picture is finished and no queue stops");
static unsigned int hw_align = 2;
module_param(hw_align, uint, 0444);
MODULE_PARM_DESC(hw_align, "sizes that go in are rounded up to a multiple of this (2, or a power of it)");

#define CID_INJECT_ERROR	(V4L2_CID_USER_BASE + 0x1100)	/* next N pictures: error buffers */
#define CID_INJECT_FATAL	(V4L2_CID_USER_BASE + 0x1101)	/* both queues fail for good */

struct scaler {
	struct v4l2_device v4l2;
	struct video_device vfd;
	struct mutex lock;	/* ioctls */
	struct v4l2_m2m_dev *m2m;
	struct workqueue_struct *wq;
};

/* One side: how its pictures lie in memory */
struct side {
	u32 width, height, fourcc, stride, sequence;
};

struct ctx {
	struct v4l2_fh fh;
	struct scaler *dev;
	struct v4l2_ctrl_handler hdl;
	struct mutex queues;
	struct delayed_work work;
	struct side in, out;
	struct v4l2_rect crop;	/* of what goes in */
	u32 colorspace, xfer, ycbcr, quant;
	u32 inject_errors;
	bool fatal;
};

/* A plane, or every other sample of one */
struct plane {
	u8 *start;
	u32 stride, step;
};

static inline struct ctx *file_ctx(struct file *file)
{
	return container_of(file->private_data, struct ctx, fh);
}

static struct side *side_of(struct ctx *c, u32 type)
{
	return V4L2_TYPE_IS_OUTPUT(type) ? &c->in : &c->out;
}

static u32 size_of(const struct side *s)
{
	return s->stride * s->height * 3 / 2;
}

static void planes_of(const struct side *s, u8 *start, struct plane p[3])
{
	u8 *chroma = start + s->stride * s->height;

	p[0] = (struct plane){ start, s->stride, 1 };
	if (s->fourcc == V4L2_PIX_FMT_NV12) {
		p[1] = (struct plane){ chroma, s->stride, 2 };
		p[2] = (struct plane){ chroma + 1, s->stride, 2 };
	} else {
		p[1] = (struct plane){ chroma, s->stride / 2, 1 };
		p[2] = (struct plane){ chroma + s->stride * s->height / 4, s->stride / 2, 1 };
	}
}

/* What of @from the sample @at of @to covers: at least one sample */
static void covered(u32 from, u32 to, u32 at, u32 *first, u32 *end)
{
	*first = at * from / to;
	*end = max((at + 1) * from / to, *first + 1);
}

static void scale_plane(const struct plane *from, const struct v4l2_rect *r, const struct plane *to,
			u32 width, u32 height)
{
	u32 x, y, i, j, left, right, top, bottom;

	for (y = 0; y < height; y++) {
		covered(r->height, height, y, &top, &bottom);
		for (x = 0; x < width; x++) {
			u32 sum = 0;

			covered(r->width, width, x, &left, &right);
			for (j = top; j < bottom; j++) {
				const u8 *row = from->start + (r->top + j) * from->stride;

				for (i = left; i < right; i++)
					sum += row[(r->left + i) * from->step];
			}
			to->start[y * to->stride + x * to->step] =
				sum / ((right - left) * (bottom - top));
		}
	}
}

static void scale(struct ctx *c, u8 *from, u8 *to)
{
	struct v4l2_rect half = { c->crop.left / 2, c->crop.top / 2, c->crop.width / 2, c->crop.height / 2 };
	struct plane in[3], out[3];
	int i;

	planes_of(&c->in, from, in);
	planes_of(&c->out, to, out);
	scale_plane(&in[0], &c->crop, &out[0], c->out.width, c->out.height);
	for (i = 1; i < 3; i++)
		scale_plane(&in[i], &half, &out[i], c->out.width / 2, c->out.height / 2);
}

static void work_fn(struct work_struct *work)
{
	struct ctx *c = container_of(to_delayed_work(work), struct ctx, work);
	struct v4l2_m2m_ctx *m = c->fh.m2m_ctx;
	struct vb2_v4l2_buffer *src = v4l2_m2m_src_buf_remove(m);
	struct vb2_v4l2_buffer *dst = v4l2_m2m_dst_buf_remove(m);
	enum vb2_buffer_state state = VB2_BUF_STATE_DONE;

	if (READ_ONCE(hang)) {
		queue_delayed_work(c->dev->wq, &c->work, msecs_to_jiffies(HANG_LOOK_MS));
		return;
	}
	if (WARN_ON(!src || !dst))
		goto out;
	v4l2_m2m_buf_copy_metadata(src, dst, true);
	scale(c, vb2_plane_vaddr(&src->vb2_buf, 0), vb2_plane_vaddr(&dst->vb2_buf, 0));
	if (c->inject_errors) {
		c->inject_errors--;
		state = VB2_BUF_STATE_ERROR;
	}
	vb2_set_plane_payload(&dst->vb2_buf, 0, size_of(&c->out));
	dst->field = V4L2_FIELD_NONE;
	src->sequence = c->in.sequence++;
	dst->sequence = c->out.sequence++;
	v4l2_m2m_buf_done(src, state);
	v4l2_m2m_buf_done(dst, state);
	if (c->fatal) {
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

	queue_delayed_work(c->dev->wq, &c->work, usecs_to_jiffies(latency_us));
}

static const struct v4l2_m2m_ops m2m_ops = { .device_run = device_run };

/* ---- formats ---- */

static int querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	strscpy(cap->driver, NAME, sizeof(cap->driver));
	strscpy(cap->card, "virtual scaler", sizeof(cap->card));
	return 0;
}

static const u32 fourccs[] = { V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420 };

static int enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *desc)
{
	if (desc->index >= ARRAY_SIZE(fourccs))
		return -EINVAL;
	desc->pixelformat = fourccs[desc->index];
	return 0;
}

static int enum_framesizes(struct file *file, void *priv, struct v4l2_frmsizeenum *sizes)
{
	if (sizes->index ||
	    (sizes->pixel_format != fourccs[0] && sizes->pixel_format != fourccs[1]))
		return -EINVAL;
	sizes->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	sizes->stepwise = (struct v4l2_frmsize_stepwise){ MIN_SIDE, MAX_SIDE, 2, MIN_SIDE, MAX_SIDE, 2 };
	return 0;
}

static void tell(const struct ctx *c, const struct side *s, struct v4l2_pix_format_mplane *m)
{
	m->width = s->width;
	m->height = s->height;
	m->pixelformat = s->fourcc;
	m->field = V4L2_FIELD_NONE;
	m->num_planes = 1;
	m->flags = 0;
	m->colorspace = c->colorspace;
	m->xfer_func = c->xfer;
	m->ycbcr_enc = c->ycbcr;
	m->quantization = c->quant;
	m->plane_fmt[0].bytesperline = s->stride;
	m->plane_fmt[0].sizeimage = size_of(s);
	memset(m->reserved, 0, sizeof(m->reserved));
	memset(m->plane_fmt[0].reserved, 0, sizeof(m->plane_fmt[0].reserved));
}

/* The nearest that there is to a wish; a copy of the context takes it */
static void choose(struct ctx *c, u32 type, const struct v4l2_pix_format_mplane *m)
{
	struct side *s = side_of(c, type);
	u32 align = V4L2_TYPE_IS_OUTPUT(type) ? max(hw_align, 2u) : 2;
	u32 most = MAX_SIDE * 2;

	s->width = clamp(ALIGN(min_t(u32, m->width, MAX_SIDE), align), MIN_SIDE, MAX_SIDE);
	s->height = clamp(ALIGN(min_t(u32, m->height, MAX_SIDE), align), MIN_SIDE, MAX_SIDE);
	s->fourcc = m->pixelformat == V4L2_PIX_FMT_YUV420 ? V4L2_PIX_FMT_YUV420 : V4L2_PIX_FMT_NV12;
	s->stride = ALIGN(clamp(m->plane_fmt[0].bytesperline, s->width, most), align);
	if (V4L2_TYPE_IS_OUTPUT(type)) {
		c->colorspace = m->colorspace;
		c->xfer = m->xfer_func;
		c->ycbcr = m->ycbcr_enc;
		c->quant = m->quantization;
	}
}

static int g_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct ctx *c = file_ctx(file);

	tell(c, side_of(c, f->type), &f->fmt.pix_mp);
	return 0;
}

static int try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct ctx *copy = kmemdup(file_ctx(file), sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	choose(copy, f->type, &f->fmt.pix_mp);
	tell(copy, side_of(copy, f->type), &f->fmt.pix_mp);
	kfree(copy);
	return 0;
}

static int s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct ctx *c = file_ctx(file);

	if (vb2_is_busy(v4l2_m2m_get_vq(c->fh.m2m_ctx, f->type)))
		return -EBUSY;
	choose(c, f->type, &f->fmt.pix_mp);
	tell(c, side_of(c, f->type), &f->fmt.pix_mp);
	if (V4L2_TYPE_IS_OUTPUT(f->type))
		c->crop = (struct v4l2_rect){ 0, 0, c->in.width, c->in.height };
	return 0;
}

static int g_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct ctx *c = file_ctx(file);

	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT)
		return -EINVAL;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP:
		s->r = c->crop;
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		s->r = (struct v4l2_rect){ 0, 0, c->in.width, c->in.height };
		return 0;
	}
	return -EINVAL;
}

static int s_selection(struct file *file, void *priv, struct v4l2_selection *s)
{
	struct ctx *c = file_ctx(file);
	struct v4l2_rect *r = &s->r;

	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT || s->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	r->width = clamp(r->width & ~1u, 2u, c->in.width);
	r->height = clamp(r->height & ~1u, 2u, c->in.height);
	r->left = clamp(r->left, 0, (s32)(c->in.width - r->width)) & ~1;
	r->top = clamp(r->top, 0, (s32)(c->in.height - r->height)) & ~1;
	c->crop = *r;
	return 0;
}

static int subscribe(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	return v4l2_ctrl_subscribe_event(fh, sub);
}

static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = enum_fmt,
	.vidioc_enum_fmt_vid_out = enum_fmt,
	.vidioc_enum_framesizes = enum_framesizes,
	.vidioc_g_fmt_vid_cap_mplane = g_fmt,
	.vidioc_g_fmt_vid_out_mplane = g_fmt,
	.vidioc_try_fmt_vid_cap_mplane = try_fmt,
	.vidioc_try_fmt_vid_out_mplane = try_fmt,
	.vidioc_s_fmt_vid_cap_mplane = s_fmt,
	.vidioc_s_fmt_vid_out_mplane = s_fmt,
	.vidioc_g_selection = g_selection,
	.vidioc_s_selection = s_selection,
	.vidioc_reqbufs = v4l2_m2m_ioctl_reqbufs,
	.vidioc_querybuf = v4l2_m2m_ioctl_querybuf,
	.vidioc_qbuf = v4l2_m2m_ioctl_qbuf,
	.vidioc_dqbuf = v4l2_m2m_ioctl_dqbuf,
	.vidioc_prepare_buf = v4l2_m2m_ioctl_prepare_buf,
	.vidioc_create_bufs = v4l2_m2m_ioctl_create_bufs,
	.vidioc_expbuf = v4l2_m2m_ioctl_expbuf,
	.vidioc_streamon = v4l2_m2m_ioctl_streamon,
	.vidioc_streamoff = v4l2_m2m_ioctl_streamoff,
	.vidioc_subscribe_event = subscribe,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};

/* ---- buffers ---- */

static int queue_setup(struct vb2_queue *q, unsigned int *buffers, unsigned int *planes,
		       unsigned int sizes[], struct device *devices[])
{
	u32 size = size_of(side_of(vb2_get_drv_priv(q), q->type));

	if (*planes)
		return *planes != 1 || sizes[0] < size ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = size;
	return 0;
}

static int buf_out_validate(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *v = to_vb2_v4l2_buffer(vb);

	if (v->field == V4L2_FIELD_ANY)
		v->field = V4L2_FIELD_NONE;
	return v->field == V4L2_FIELD_NONE ? 0 : -EINVAL;
}

static int buf_prepare(struct vb2_buffer *vb)
{
	u32 size = size_of(side_of(vb2_get_drv_priv(vb->vb2_queue), vb->vb2_queue->type));

	if (vb2_plane_size(vb, 0) < size)
		return -EINVAL;
	if (V4L2_TYPE_IS_CAPTURE(vb->vb2_queue->type))
		vb2_set_plane_payload(vb, 0, size);
	return 0;
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct ctx *c = vb2_get_drv_priv(vb->vb2_queue);

	v4l2_m2m_buf_queue(c->fh.m2m_ctx, to_vb2_v4l2_buffer(vb));
}

static int start_streaming(struct vb2_queue *q, unsigned int count)
{
	side_of(vb2_get_drv_priv(q), q->type)->sequence = 0;
	return 0;
}

static void stop_streaming(struct vb2_queue *q)
{
	struct ctx *c = vb2_get_drv_priv(q);
	struct v4l2_m2m_ctx *m = c->fh.m2m_ctx;
	struct vb2_v4l2_buffer *b;

	while (READ_ONCE(hang))
		msleep(HANG_LOOK_MS);
	for (;;) {
		b = V4L2_TYPE_IS_OUTPUT(q->type) ? v4l2_m2m_src_buf_remove(m) : v4l2_m2m_dst_buf_remove(m);
		if (!b)
			return;
		v4l2_m2m_buf_done(b, VB2_BUF_STATE_ERROR);
	}
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_out_validate = buf_out_validate,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

static int queue_init(void *priv, struct vb2_queue *src, struct vb2_queue *dst)
{
	struct vb2_queue *queues[2] = { src, dst };
	struct ctx *c = priv;
	int i, r;

	for (i = 0; i < 2; i++) {
		struct vb2_queue *q = queues[i];

		q->type = i ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
		q->io_modes = VB2_MMAP | VB2_DMABUF;
		q->drv_priv = c;
		q->ops = &queue_ops;
		q->mem_ops = &vb2_vmalloc_memops;
		q->buf_struct_size = sizeof(struct v4l2_m2m_buffer);
		q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
		q->lock = &c->queues;
		r = vb2_queue_init(q);
		if (r)
			return r;
	}
	return 0;
}

/* ---- controls ---- */

static int s_ctrl(struct v4l2_ctrl *control)
{
	struct ctx *c = container_of(control->handler, struct ctx, hdl);

	if (control->id == CID_INJECT_ERROR)
		c->inject_errors = control->val;
	else
		c->fatal = true;
	return 0;
}

static const struct v4l2_ctrl_ops ctrl_ops = { .s_ctrl = s_ctrl };
static const struct v4l2_ctrl_config faults[] = {
	{
		.ops = &ctrl_ops, .id = CID_INJECT_ERROR, .name = "Inject Picture Errors",
		.type = V4L2_CTRL_TYPE_INTEGER, .max = 1000, .step = 1,
		.flags = V4L2_CTRL_FLAG_EXECUTE_ON_WRITE,
	},
	{
		.ops = &ctrl_ops, .id = CID_INJECT_FATAL, .name = "Inject Fatal Error",
		.type = V4L2_CTRL_TYPE_BUTTON,
	},
};

/* ---- files ---- */

static int scaler_open(struct file *file)
{
	struct scaler *dev = video_drvdata(file);
	struct ctx *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int i, r;

	if (!c)
		return -ENOMEM;
	v4l2_fh_init(&c->fh, &dev->vfd);
	file->private_data = &c->fh;
	c->dev = dev;
	mutex_init(&c->queues);
	INIT_DELAYED_WORK(&c->work, work_fn);
	c->in = c->out = (struct side){ 1280, 720, V4L2_PIX_FMT_NV12, 1280, 0 };
	/* so that what hw_align refuses is no default either */
	c->in.height = ALIGN(c->in.height, max(hw_align, 2u));
	c->in.width = c->in.stride = ALIGN(c->in.width, max(hw_align, 2u));
	c->crop = (struct v4l2_rect){ 0, 0, c->in.width, c->in.height };
	c->colorspace = V4L2_COLORSPACE_REC709;
	v4l2_ctrl_handler_init(&c->hdl, ARRAY_SIZE(faults));
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		v4l2_ctrl_new_custom(&c->hdl, &faults[i], NULL);
	r = c->hdl.error;
	if (r)
		goto err;
	c->fh.ctrl_handler = &c->hdl;
	c->fh.m2m_ctx = v4l2_m2m_ctx_init(dev->m2m, c, queue_init);
	if (IS_ERR(c->fh.m2m_ctx)) {
		r = PTR_ERR(c->fh.m2m_ctx);
		goto err;
	}
	c->fh.m2m_ctx->q_lock = &c->queues;
	v4l2_fh_add(&c->fh);
	return 0;
err:
	v4l2_ctrl_handler_free(&c->hdl);
	v4l2_fh_exit(&c->fh);
	kfree(c);
	return r;
}

static int scaler_release(struct file *file)
{
	struct ctx *c = file_ctx(file);

	/* waits for the picture that is under way */
	v4l2_m2m_ctx_release(c->fh.m2m_ctx);
	cancel_delayed_work_sync(&c->work);
	v4l2_fh_del(&c->fh);
	v4l2_ctrl_handler_free(&c->hdl);
	v4l2_fh_exit(&c->fh);
	kfree(c);
	return 0;
}

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = scaler_open,
	.release = scaler_release,
	.poll = v4l2_m2m_fop_poll,
	.unlocked_ioctl = video_ioctl2,
	.mmap = v4l2_m2m_fop_mmap,
};

/* ---- the device ---- */

static struct platform_device *platform;
static struct scaler *the_scaler;

static int __init scaler_init(void)
{
	struct scaler *dev;
	int r;

	platform = platform_device_register_simple(NAME, -1, NULL, 0);
	if (IS_ERR(platform))
		return PTR_ERR(platform);
	dev = the_scaler = kzalloc(sizeof(*dev), GFP_KERNEL);
	r = -ENOMEM;
	if (!dev)
		goto no_device;
	mutex_init(&dev->lock);
	dev->wq = alloc_ordered_workqueue(NAME, 0);
	if (!dev->wq)
		goto no_queue;
	strscpy(dev->v4l2.name, NAME, sizeof(dev->v4l2.name));
	r = v4l2_device_register(&platform->dev, &dev->v4l2);
	if (r)
		goto no_v4l2;
	dev->m2m = v4l2_m2m_init(&m2m_ops);
	if (IS_ERR(dev->m2m)) {
		r = PTR_ERR(dev->m2m);
		goto no_m2m;
	}
	strscpy(dev->vfd.name, NAME, sizeof(dev->vfd.name));
	dev->vfd.vfl_dir = VFL_DIR_M2M;
	dev->vfd.fops = &file_ops;
	dev->vfd.ioctl_ops = &ioctl_ops;
	dev->vfd.release = video_device_release_empty;
	dev->vfd.v4l2_dev = &dev->v4l2;
	dev->vfd.lock = &dev->lock;
	dev->vfd.device_caps = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
	video_set_drvdata(&dev->vfd, dev);
	r = video_register_device(&dev->vfd, VFL_TYPE_VIDEO, -1);
	if (!r)
		return 0;
	v4l2_m2m_release(dev->m2m);
no_m2m:
	v4l2_device_unregister(&dev->v4l2);
no_v4l2:
	destroy_workqueue(dev->wq);
no_queue:
	kfree(dev);
no_device:
	platform_device_unregister(platform);
	return r;
}

static void __exit scaler_exit(void)
{
	video_unregister_device(&the_scaler->vfd);
	v4l2_m2m_release(the_scaler->m2m);
	v4l2_device_unregister(&the_scaler->v4l2);
	destroy_workqueue(the_scaler->wq);
	kfree(the_scaler);
	platform_device_unregister(platform);
}

module_init(scaler_init);
module_exit(scaler_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("virtual mem2mem scaler for tests");

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See shim.h. No exception leaves this file, and libcamera throws none of its own. */
#include "shim.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <libcamera/camera.h>
#include <libcamera/camera_manager.h>
#include <libcamera/control_ids.h>
#include <libcamera/framebuffer_allocator.h>
#include <libcamera/property_ids.h>
#include <libcamera/request.h>
#include <libcamera/stream.h>
#if __has_include(<libcamera/version.h>)
#include <libcamera/version.h>
#endif
/* Exposure time and gain have modes of their own since 0.5.0. */
#if defined(LIBCAMERA_VERSION_MAJOR) && (LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= 5)
#define HSV_HAS_MODES 1
#endif
#if __has_include(<libcamera/orientation.h>)
#include <libcamera/orientation.h>
#define HAS_ORIENTATION 1
#endif

namespace lc = libcamera;

struct hsv_camera {
	lc::CameraManager manager;
	bool manager_runs = false;
	std::shared_ptr<lc::Camera> camera;
	bool is_acquired = false;
	bool is_running = false;
	std::unique_ptr<lc::CameraConfiguration> config;
	std::unique_ptr<lc::FrameBufferAllocator> allocator;
	std::vector<std::unique_ptr<lc::Request>> requests; /* one for each buffer */
	lc::ControlList controls;

	std::mutex lock; /* of what follows; taken on libcamera's thread and on callers' */
	std::condition_variable changed;
	std::deque<uint32_t> done;
	lc::Rectangle crop; /* asked for; null: none */
	bool is_gone = false;

	~hsv_camera();
	int open(const hsv_wish &wish, hsv_format &format);
	int choose(const std::string &id);
	int configure(const hsv_wish &wish, hsv_format &format);
	int flip(const hsv_wish &wish, hsv_format &format);
	int look_at_buffers(hsv_format &format);
	int set_controls(const hsv_wish &wish, hsv_format &format);
	bool shows_more(lc::Request &request) const;
	void completed(lc::Request *request);
	void disconnected();

	lc::Stream *stream() const { return config->at(0).stream(); }
	lc::FrameBuffer *buffer(uint32_t index) const { return allocator->buffers(stream())[index].get(); }
};

hsv_camera::~hsv_camera()
{
	if (is_running)
		camera->stop();
	if (camera)
		camera->disconnected.disconnect(this);
	if (camera && is_acquired)
		camera->requestCompleted.disconnect(this);
	requests.clear();
	if (allocator)
		allocator->free(stream());
	allocator.reset();
	config.reset();
	if (camera && is_acquired)
		camera->release();
	camera.reset();
	if (manager_runs)
		manager.stop();
}

int hsv_camera::choose(const std::string &id)
{
	for (const auto &one : manager.cameras()) {
		if (one->id().find(id) == std::string::npos)
			continue;
		camera = one;
		return 0;
	}
	return -ENOENT;
}

/* The first of the wished formats that the camera takes as it is. */
int hsv_camera::configure(const hsv_wish &wish, hsv_format &format)
{
	for (uint32_t fourcc : wish.fourccs) {
		if (!fourcc)
			break;
		config = camera->generateConfiguration({ lc::StreamRole::VideoRecording });
		if (!config || config->empty())
			return -ENOTSUP;
		lc::StreamConfiguration &one = config->at(0);
		one.pixelFormat = lc::PixelFormat(fourcc);
		one.size = lc::Size(wish.width, wish.height);
		one.bufferCount = wish.buffers;
		one.stride = 0;
		if (config->validate() == lc::CameraConfiguration::Invalid ||
		    one.pixelFormat != lc::PixelFormat(fourcc))
			continue;
		int error = camera->configure(config.get());
		if (error)
			return error;
		format.fourcc = fourcc;
		format.width = one.size.width;
		format.height = one.size.height;
		format.stride = one.stride;
		format.is_bt709 = one.colorSpace && one.colorSpace->ycbcrEncoding == lc::ColorSpace::YcbcrEncoding::Rec709;
		format.is_full_range = one.colorSpace && one.colorSpace->range == lc::ColorSpace::Range::Full;
		return 0;
	}
	return -ENOTSUP;
}

/* Of the configuration that was chosen; another format is not taken for it. */
int hsv_camera::flip(const hsv_wish &wish, hsv_format &format)
{
	const lc::StreamConfiguration &one = config->at(0);
	const lc::PixelFormat pixels = one.pixelFormat;
	const lc::Size size = one.size;
#ifdef HAS_ORIENTATION
	lc::Orientation &setting = config->orientation;
	lc::Orientation wanted = wish.horizontal_flip && wish.vertical_flip ? lc::Orientation::Rotate180 :
				 wish.horizontal_flip ? lc::Orientation::Rotate0Mirror : lc::Orientation::Rotate180Mirror;
#else
	lc::Transform &setting = config->transform;
	lc::Transform wanted = wish.horizontal_flip && wish.vertical_flip ? lc::Transform::Rot180 :
			       wish.horizontal_flip ? lc::Transform::HFlip : lc::Transform::VFlip;
#endif
	const auto before = setting;

	setting = wanted;
	if (config->validate() == lc::CameraConfiguration::Invalid || setting != wanted ||
	    one.pixelFormat != pixels || one.size != size) {
		format.refused |= HSV_REFUSED_FLIP;
		setting = before;
		if (config->validate() == lc::CameraConfiguration::Invalid)
			return -EINVAL;
	}
	int error = camera->configure(config.get());
	format.stride = one.stride;
	return error;
}

static bool is_same_memory(int one, int other)
{
	struct stat a, b;

	return one == other || (!fstat(one, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Pictures must lie in one piece of memory from its beginning, chroma after whole rows of luma. */
int hsv_camera::look_at_buffers(hsv_format &format)
{
	const auto &buffers = allocator->buffers(stream());

	format.buffers = buffers.size();
	format.lines = format.height;
	format.length = 0;
	for (const auto &buffer : buffers) {
		const auto &planes = buffer->planes();
		uint64_t end = 0;

		for (const auto &plane : planes) {
			if (plane.offset == lc::FrameBuffer::Plane::kInvalidOffset ||
			    !is_same_memory(plane.fd.get(), planes[0].fd.get()) || plane.offset < end)
				return -ENOTSUP;
			end = uint64_t(plane.offset) + plane.length;
		}
		if (planes.empty() || planes[0].offset || !format.stride)
			return -ENOTSUP;
		if (planes.size() > 1) {
			if (planes[1].offset % format.stride)
				return -ENOTSUP;
			format.lines = planes[1].offset / format.stride;
		}
		/* What readers take for granted: half rows of chroma, one plane right after the other. */
		const uint64_t luma = uint64_t(format.stride) * format.lines;
		if (planes.size() == 3 && planes[2].offset != luma + luma / 4)
			return -ENOTSUP;
		const off_t mapped = lseek(planes[0].fd.get(), 0, SEEK_END);
		if (end > UINT32_MAX || end < luma + luma / 2 || mapped < 0 || uint64_t(mapped) < end)
			return -ENOTSUP;
		if (format.length && format.length != end)
			return -ENOTSUP;
		format.length = end;
	}
	return buffers.size() < 2 ? -ENOMEM : 0;
}

int hsv_camera::set_controls(const hsv_wish &wish, hsv_format &format)
{
	const lc::ControlInfoMap &known = camera->controls();
	auto has = [&](const lc::ControlId &id) { return known.find(id.id()) != known.end(); };

	if (has(lc::controls::FrameDurationLimits) && wish.fps) {
		int64_t us = 1000000 / wish.fps;
		controls.set(lc::controls::FrameDurationLimits, lc::Span<const int64_t, 2>({ us, us }));
	}
	/* Who does not say so by a mode of its own is told so by switching the automatic off. */
	bool is_automatic_off = false;
	if (wish.exposure_us >= 0) {
		if (has(lc::controls::ExposureTime)) {
			controls.set(lc::controls::ExposureTime, wish.exposure_us);
#ifdef HSV_HAS_MODES
			if (has(lc::controls::ExposureTimeMode))
				controls.set(lc::controls::ExposureTimeMode, lc::controls::ExposureTimeModeManual);
			else
#endif
				is_automatic_off = true;
		} else {
			format.refused |= HSV_REFUSED_EXPOSURE;
		}
	}
	if (wish.gain >= 0) {
		if (has(lc::controls::AnalogueGain)) {
			controls.set(lc::controls::AnalogueGain, wish.gain);
#ifdef HSV_HAS_MODES
			if (has(lc::controls::AnalogueGainMode))
				controls.set(lc::controls::AnalogueGainMode, lc::controls::AnalogueGainModeManual);
			else
#endif
				is_automatic_off = true;
		} else {
			format.refused |= HSV_REFUSED_GAIN;
		}
	}
	if (is_automatic_off && has(lc::controls::AeEnable))
		controls.set(lc::controls::AeEnable, false);
	if (wish.white_balance_k >= 0)
		format.refused |= HSV_REFUSED_WHITE_BALANCE; /* libcamera takes gains, and no kelvin everywhere */
	if (wish.crop[2] > 0) {
		if (!has(lc::controls::ScalerCrop))
			return -ERANGE;
		crop = lc::Rectangle(wish.crop[0], wish.crop[1], wish.crop[2], wish.crop[3]);
		lc::Rectangle most = known.at(lc::controls::ScalerCrop.id()).max().get<lc::Rectangle>();
		if (crop.boundedTo(most) != crop)
			return -ERANGE;
		/* Inwards to what sensors bin at most, so that nobody need round outwards. */
		const int left = (crop.x + 3) & ~3, top = (crop.y + 3) & ~3;
		const int width = ((crop.x + int(crop.width)) & ~3) - left, height = ((crop.y + int(crop.height)) & ~3) - top;
		if (width <= 0 || height <= 0)
			return -ERANGE;
		controls.set(lc::controls::ScalerCrop, lc::Rectangle(left, top, width, height));
	}
	return 0;
}

int hsv_camera::open(const hsv_wish &wish, hsv_format &format)
{
	int error = manager.start();

	if (error)
		return error;
	manager_runs = true;
	error = choose(wish.id);
	if (error)
		return error;
	error = camera->acquire();
	if (error)
		return error;
	is_acquired = true;
	camera->requestCompleted.connect(this, &hsv_camera::completed);
	camera->disconnected.connect(this, &hsv_camera::disconnected);
	error = configure(wish, format);
	if (error)
		return error;
	if (wish.horizontal_flip || wish.vertical_flip) {
		error = flip(wish, format);
		if (error)
			return error;
	}
	allocator = std::make_unique<lc::FrameBufferAllocator>(camera);
	error = allocator->allocate(stream());
	if (error < 0)
		return error;
	error = look_at_buffers(format);
	if (error)
		return error;
	for (uint32_t index = 0; index < format.buffers; index++) {
		requests.push_back(camera->createRequest(index));
		if (!requests.back())
			return -ENOMEM;
		error = requests.back()->addBuffer(stream(), buffer(index));
		if (error)
			return error;
	}
	return set_controls(wish, format);
}

/* Whether a picture may have more in it than was asked for: one whose camera does not tell may. */
bool hsv_camera::shows_more(lc::Request &request) const
{
	if (crop.isNull())
		return false;
	const auto got = request.metadata().get(lc::controls::ScalerCrop);
	return !got || got->boundedTo(crop) != *got;
}

/* On libcamera's thread. */
void hsv_camera::completed(lc::Request *request)
{
	if (request->status() == lc::Request::RequestCancelled)
		return;
	std::lock_guard<std::mutex> guard(lock);
	done.push_back(request->cookie());
	changed.notify_one();
}

void hsv_camera::disconnected()
{
	std::lock_guard<std::mutex> guard(lock);
	is_gone = true;
	changed.notify_one();
}

/* What call answers, or an error for what it throws: nothing may be thrown into Rust. */
template<typename Call> static int guarded(Call call)
{
	try {
		return call();
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	} catch (...) {
		return -EIO;
	}
}

extern "C" {

int hsv_camera_open(const hsv_wish *wish, hsv_camera **camera, hsv_format *format)
{
	return guarded([&] {
		auto opened = std::make_unique<hsv_camera>();
		*format = {};
		int error = opened->open(*wish, *format);
		if (!error)
			*camera = opened.release();
		return error;
	});
}

int hsv_camera_buffer(hsv_camera *camera, uint32_t index)
{
	return index < camera->requests.size() ? camera->buffer(index)->planes()[0].fd.get() : -EINVAL;
}

int hsv_camera_start(hsv_camera *camera)
{
	return guarded([&] {
		int error = camera->camera->start(&camera->controls);

		if (error)
			return error;
		camera->is_running = true;
		for (auto &request : camera->requests) {
			error = camera->camera->queueRequest(request.get());
			if (error)
				return error;
		}
		return 0;
	});
}

int hsv_camera_next(hsv_camera *camera, uint32_t timeout_ms, hsv_done *done)
{
	std::unique_lock<std::mutex> guard(camera->lock);

	camera->changed.wait_for(guard, std::chrono::milliseconds(timeout_ms),
				 [&] { return camera->is_gone || !camera->done.empty(); });
	if (camera->is_gone)
		return -ENODEV;
	if (camera->done.empty())
		return 0;
	uint32_t index = camera->done.front();
	camera->done.pop_front();
	guard.unlock();
	const lc::FrameMetadata &told = camera->buffer(index)->metadata();
	*done = {};
	done->index = index;
	done->sequence = told.sequence;
	done->timestamp_ns = told.timestamp;
	done->shows_more = camera->shows_more(*camera->requests[index]);
	done->is_damaged = done->shows_more || told.status != lc::FrameMetadata::FrameSuccess;
	for (const auto &plane : told.planes())
		done->bytes_used += plane.bytesused;
	return 1;
}

int hsv_camera_queue(hsv_camera *camera, uint32_t index)
{
	if (index >= camera->requests.size())
		return -EINVAL;
	return guarded([&] {
		camera->requests[index]->reuse(lc::Request::ReuseBuffers);
		return camera->camera->queueRequest(camera->requests[index].get());
	});
}

void hsv_camera_close(hsv_camera *camera)
{
	delete camera;
}

} /* extern "C" */

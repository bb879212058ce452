/* SPDX-License-Identifier: MIT OR Apache-2.0
 * Prints what the machine's own libopenh264 needs for a film of raw I420 pictures at 30 a second, set as
 * the camera sets its own. The film is in memory, so that nothing but encoding is measured.
 *
 * cc -O2 openh264_cost.c -lopenh264 && ./a.out FILM WIDTH HEIGHT PICTURES BITS_PER_SECOND */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wels/codec_api.h>

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    const int width = atoi(argv[2]), height = atoi(argv[3]), wanted = atoi(argv[4]);
    const size_t size = (size_t)width * height * 3 / 2;
    FILE *film = fopen(argv[1], "rb");
    if (!film || fseek(film, 0, SEEK_END))
        return 1;
    const int pictures = (int)(ftell(film) / (long)size);
    unsigned char *all = malloc(size * (pictures ? pictures : 1));
    rewind(film);
    if (!all || pictures < 1 || fread(all, size, pictures, film) != (size_t)pictures)
        return 1;

    ISVCEncoder *encoder;
    SEncParamExt set;
    if (WelsCreateSVCEncoder(&encoder))
        return 1;
    int quiet = WELS_LOG_QUIET;
    (*encoder)->SetOption(encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet);
    (*encoder)->GetDefaultParams(encoder, &set);
    set.iUsageType = CAMERA_VIDEO_REAL_TIME;
    set.iPicWidth = width;
    set.iPicHeight = height;
    set.iTargetBitrate = atoi(argv[5]);
    set.iRCMode = RC_BITRATE_MODE;
    set.fMaxFrameRate = 30;
    set.iComplexityMode = LOW_COMPLEXITY;
    set.iMultipleThreadIdc = 1;
    set.bEnableFrameSkip = 0;
    set.bEnableSceneChangeDetect = 0;
    set.iMinQp = 12;
    set.iMaxQp = 51;
    set.sSpatialLayers[0].iVideoWidth = width;
    set.sSpatialLayers[0].iVideoHeight = height;
    set.sSpatialLayers[0].fFrameRate = 30;
    set.sSpatialLayers[0].iSpatialBitrate = set.sSpatialLayers[0].iMaxSpatialBitrate = set.iTargetBitrate;
    set.sSpatialLayers[0].uiProfileIdc = PRO_MAIN;
    if ((*encoder)->InitializeExt(encoder, &set))
        return 1;

    long long bytes = 0;
    const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int number = 0; number < wanted; number++) {
        SSourcePicture picture;
        SFrameBSInfo coded;
        memset(&picture, 0, sizeof picture);
        memset(&coded, 0, sizeof coded);
        picture.iColorFormat = videoFormatI420;
        picture.iPicWidth = width;
        picture.iPicHeight = height;
        picture.uiTimeStamp = number * 1000LL / 30;
        picture.iStride[0] = width;
        picture.iStride[1] = picture.iStride[2] = width / 2;
        picture.pData[0] = all + size * (number % pictures);
        picture.pData[1] = picture.pData[0] + (size_t)width * height;
        picture.pData[2] = picture.pData[1] + (size_t)width * height / 4;
        if (number % 120 == 0)
            (*encoder)->ForceIntraFrame(encoder, 1);
        if ((*encoder)->EncodeFrame(encoder, &picture, &coded))
            return 1;
        bytes += coded.iFrameSizeInBytes;
    }
    printf("processor time %.3f ms a picture, %.1f pictures a second, %.0f bit/s\n",
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1000 / wanted,
           wanted / (seconds(CLOCK_MONOTONIC) - wall), bytes * 8.0 * 30 / wanted);
    return 0;
}

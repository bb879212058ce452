/* SPDX-License-Identifier: MIT OR Apache-2.0
 * Prints what srtp_protect of the machine's libsrtp costs for one packet of 1,378 bytes; the header
 * and payload are there already, so that nothing but the protection is measured.
 *
 * cc -O2 libsrtp_cost.c -lsrtp2 */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MTU = 1378, TAG = 10, HEADER = 12, PACKETS = 200000 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(void) {
    unsigned char key[SRTP_MAX_KEY_LEN];
    _Alignas(4) unsigned char packet[MTU + SRTP_MAX_TRAILER_LEN];
    srtp_policy_t policy;
    srtp_t session;

    memset(key, 7, sizeof key);
    memset(packet, 1, sizeof packet);
    memset(&policy, 0, sizeof policy);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    policy.ssrc.type = ssrc_any_outbound;
    policy.key = key;
    if (srtp_init() != srtp_err_status_ok || srtp_create(&session, &policy) != srtp_err_status_ok)
        return 1;
    double spent = 0;
    for (int number = 0; number < PACKETS; number++) {
        const unsigned char header[HEADER] = {0x80, 99, number >> 8, number, 0, 0, 0, 0, 0, 0, 0, 1};
        memcpy(packet, header, HEADER);
        int length = MTU - TAG;
        if (number % 20 == 0)
            spent -= seconds();
        if (srtp_protect(session, packet, &length) != srtp_err_status_ok || length != MTU)
            return 1;
        if (number % 20 == 19)
            spent += seconds();
    }
    printf("%d packets: %.3f µs a packet\n", PACKETS, spent * 1e6 / PACKETS);
    return 0;
}

# shellcheck shell=bash
# shellcheck disable=SC2317,SC2154 # these functions are called by name; the variables are the caller's
# The suites from outside that scripts/test runs, and how two of them share two cores. Of whoever sources this:
# $HSV_PYTHON, $HSVD, $jobs; $slow, empty without the slow tests; $told, a folder for what they say.

suites=daemon/testkit/tests
without_machines=(--ignore "$suites/machine" --ignore "$suites/arm64" --ignore "$suites/appliance")
not_patient=(${slow:+-m "not patient"})

outside() { "$HSV_PYTHON" -m pytest --color=no --durations=10 ${slow:+"$slow"} "$@"; }

# both ONE OTHER: at the same time; what each said stands in $told and is told when both are done.
both() {
    local one=$1 other=$2 first status=0
    "$one" > "$told/$one" 2>&1 &
    first=$!
    "$other" > "$told/$other" 2>&1 || status=$?
    wait "$first" || status=$?
    cat "$told/$one" "$told/$other"
    return "$status"
}

# Live view is in real time, so with little beside it.
live() { outside "${not_patient[@]}" "$suites"/test_live_*.py; }

# Half of the rest's time: recordings, and starts again and again.
lasting=("$suites"/test_{recording,recording_lifecycle,endurance,factory_reset,walker}.py)
outside_lasting() { outside "${not_patient[@]}" "${lasting[@]}"; }
outside_rest() {
    outside "${not_patient[@]}" "${without_machines[@]}" --ignore-glob "$suites/test_live_*" \
        "${lasting[@]/#/--ignore=}" "$suites"
}

# Suites that only wait, a quarter of an hour in all: beside everything else.
patient() { outside -m patient "${without_machines[@]}" "$suites"; }

# Where cargo put the program of these tests.
test_program() {
    cargo test -q "$@" --no-run --message-format=json "${jobs[@]}" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1
}

# A command and its arguments on a machine made for it, with a kernel's own drivers. 77: it cannot be had here, and
# that was said.
machine() {
    local status=0
    scripts/testbench/uml bash -e -c "$@" || status=$?
    [ "$status" -eq 77 ] || return "$status"
}
# Real drivers in real time, on a computer that has other things to do: one second try, told as RERUN.
# shellcheck disable=SC2016 # expanded over there
on_machine='"$0" -m pytest --color=no --durations=5 --reruns 1 -p no:cacheprovider --basetemp=/run/tmp/pytest "$@"'

# Half of the time of $suites/machine.
drivers_encoding=("$suites"/machine/test_{encoder,film,lamp,night,wifi}.py)
drivers_encode() { machine "$on_machine" "$HSV_PYTHON" "${drivers_encoding[@]}"; }
# To the millisecond, which picture came when: nothing beside it.
drivers_light() { machine "$on_machine" "$HSV_PYTHON" "$suites/machine/test_light.py"; }
drivers_rest() {
    local unit bench encoders others=() ignored=("${drivers_encoding[@]/#/--ignore=}" "--ignore=$suites/machine/test_light.py")
    unit=$(test_program -p v4l2 --lib)
    bench=$(test_program --workspace --test bench)
    encoders=$(test_program --workspace --test encoder_suite) # so that nothing is built anew
    others=("${ignored[@]}" "$suites/machine" "$suites/test_live_network.py::test_netem")
    # shellcheck disable=SC2016 # expanded over there
    machine '
        modprobe -d "$HSV_MODULES" vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0
        HSV_TEST_V4L2=/dev/video0 "$1" --exact capture::tests::a_real_device_delivers_pictures
        modprobe -d "$HSV_MODULES" -r vivid
        "$2" --nocapture --test-threads=1
        modprobe -d "$HSV_MODULES" -r vivid vh264enc vscaler
        modprobe -d "$HSV_MODULES" vh264enc
        HSV_TEST_M2M=vh264enc "$3" --show-output --test-threads=1
        modprobe -d "$HSV_MODULES" -r vh264enc
        shift 3
        '"$on_machine" "$HSV_PYTHON" "$unit" "$bench" "$encoders" "${others[@]}"
}
# The machine's kernel is built before there are two of them.
drivers() {
    local status=0
    scripts/testbench/uml --build || status=$?
    case $status in
        0)
            both drivers_encode drivers_rest || status=$?
            drivers_light 2>&1 | tee "$told/drivers_light" || status=$?
            ;;
        77) status=0 ;;
    esac
    return "$status"
}

# The daemon as boards run it: built for arm64, on a distribution's kernel.
arm64() {
    local status=0
    scripts/testbench/arm64 "$HSV_PYTHON" -m pytest --color=no --durations=5 "$suites/arm64" || status=$?
    [ "$status" -eq 77 ] || return "$status"
}

# The Raspberry Pis' images of packages; each is read back as a card, and its list of what is in it checked, when it is made.
pi_images() {
    local board status
    for board in raspberrypi-4 raspberrypi-5; do
        status=0
        scripts/image-from-packages "$board" "$HSV_TARGET/image/$board-test" dev || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || return "$status"
    done
}

# The whole appliance: its image made of packages, started by U-Boot, paired, its plug pulled. Two halves at the same
# time, since a start waits as much as it computes.
# shellcheck disable=SC2016 # expanded over there
appliance_halves='
    status=0
    half=("$2"/test_{power_cuts,update}.py)
    "${@:3}" "${half[@]}" > "$1/appliance" 2>&1 &
    "${@:3}" "${half[@]/#/--ignore=}" "$2" || status=$?
    wait "$!" || status=$?
    cat "$1/appliance"
    exit "$status"'
appliance() {
    local status=0
    scripts/testbench/appliance bash -c "$appliance_halves" bash "$told" "$suites/appliance" \
        "$HSV_PYTHON" -m pytest --color=no --durations=5 || status=$?
    [ "$status" -eq 77 ] || return "$status"
}

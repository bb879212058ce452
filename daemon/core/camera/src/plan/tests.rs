// SPDX-License-Identifier: MIT OR Apache-2.0
//! The plan's rules, one table and any demand.

use proptest::prelude::*;

use super::*;

const SOURCE: Pictures = Pictures { size: Size::new(1920, 1080), fps: 30 };
const RECORDING: Pictures = SOURCE;
const HD: u64 = 120 * 68 * 30;
const PLENTY: Limits = Limits { encodes: 8, macroblocks_per_second: 8 * HD };

fn viewer(service: usize, width: u16, height: u16, fps: u8, kbps: u32) -> Viewer {
    Viewer {
        service,
        resolution: Resolution::new(width, height, fps),
        profile: Profile::Main,
        level: Level::L4_0,
        bitrate_bps: kbps * 1000,
        selected_bps: kbps * 1000,
    }
}

/// `1280x720@30 299k [0, 1]`, one an encode, and `recording [2]`.
fn shown(plan: &Plan) -> Vec<String> {
    let encode = |encode: &Encode| {
        let Encode { pictures: Pictures { size, fps }, bitrate_bps, viewers, .. } = encode;
        format!("{}x{}@{fps} {}k {viewers:?}", size.width, size.height, bitrate_bps / 1000)
    };
    let recording =
        (!plan.on_recording.is_empty()).then(|| format!("recording {:?}", plan.on_recording));
    plan.encodes.iter().map(encode).chain(recording).collect()
}

#[test]
fn the_table_of_plans() {
    let limits = |encodes, macroblocks_per_second| Limits { encodes, macroblocks_per_second };
    let phone = |service| viewer(service, 1280, 720, 30, 299);
    let tile = |service| viewer(service, 640, 360, 30, 299);
    let tv = |service| viewer(service, 1920, 1080, 30, 2000);
    let watch = |service| viewer(service, 320, 240, 15, 68);
    // name, limits, is there a recording, viewers, plan
    type Row<'a> = (&'a str, Limits, bool, Vec<Viewer>, &'a [&'a str]);
    let table: Vec<Row<'_>> = vec![
        ("nobody", PLENTY, true, vec![], &[]),
        ("one", PLENTY, true, vec![phone(0)], &["1280x720@30 299k [0]"]),
        ("the same need", PLENTY, true, vec![phone(0), phone(1)], &["1280x720@30 299k [0, 1]"]),
        (
            "slightly less",
            PLENTY,
            true,
            vec![viewer(1, 640, 360, 30, 160), tile(0)],
            &["640x360@30 160k [0, 1]"],
        ),
        (
            "far less",
            PLENTY,
            true,
            vec![viewer(1, 640, 360, 30, 149), tile(0), tile(2)],
            &["640x360@30 149k [1]", "640x360@30 299k [0, 2]"],
        ),
        (
            "each its size",
            PLENTY,
            true,
            vec![tv(0), phone(1), watch(2)],
            &["320x180@15 68k [2]", "1280x720@30 299k [1]", "1920x1080@30 2000k [0]"],
        ),
        (
            "few bits",
            PLENTY,
            false,
            vec![
                viewer(0, 640, 360, 30, 60),
                viewer(1, 1920, 1080, 30, 100),
                viewer(2, 480, 270, 30, 0),
            ],
            &["480x270@15 0k [2]", "640x360@15 60k [0]", "960x540@15 100k [1]"],
        ),
        (
            "4:3 gets 16:9 inside",
            PLENTY,
            false,
            vec![viewer(0, 1024, 768, 30, 500)],
            &["1024x576@30 500k [0]"],
        ),
        (
            "as large as the recording, and yet its own",
            PLENTY,
            true,
            vec![tv(0)],
            &["1920x1080@30 2000k [0]"],
        ),
        (
            "one encode besides the recording",
            limits(2, 8 * HD),
            true,
            vec![tv(0), phone(1), watch(2)],
            &["320x180@15 68k [0, 1, 2]"],
        ),
        (
            "two besides",
            limits(3, 8 * HD),
            true,
            vec![tv(0), phone(1), watch(2)],
            &["320x180@15 68k [2]", "1280x720@30 299k [0, 1]"],
        ),
        ("none besides", limits(1, 8 * HD), true, vec![tv(0), watch(2)], &["recording [0, 2]"]),
        (
            "one and no recording",
            limits(1, 8 * HD),
            false,
            vec![tv(0), phone(1)],
            &["1280x720@30 299k [0, 1]"],
        ),
        (
            "pixels for one",
            limits(8, HD + HD / 2),
            true,
            vec![tv(0), phone(1)],
            &["1280x720@30 299k [0, 1]"],
        ),
        ("pixels for none", limits(8, HD), true, vec![phone(1)], &["recording [1]"]),
        (
            "fewer pictures",
            limits(8, 80 * 45 * 15),
            false,
            vec![phone(1)],
            &["1280x720@15 299k [1]"],
        ),
        (
            "smaller pictures",
            limits(8, 80 * 45 * 12),
            false,
            vec![phone(1), tv(0)],
            &["640x360@30 299k [0, 1]"],
        ),
        (
            "fewer and smaller ones",
            limits(8, HD + 80 * 45 * 5),
            true,
            vec![tv(0)],
            &["480x270@30 972k [0]"],
        ),
        (
            "none smaller is worth it beside a recording",
            limits(8, HD + 20 * 12 * 14),
            true,
            vec![tv(0)],
            &["recording [0]"],
        ),
        (
            "without a recording anything is",
            limits(8, 20 * 12 * 14),
            false,
            vec![phone(0)],
            &["320x180@14 201k [0]"],
        ),
        ("no limit is too small", limits(0, 0), false, vec![phone(1)], &["16x16@5 0k [1]"]),
    ];
    for (name, limits, records, viewers, expected) in table {
        let plan = plan(SOURCE, limits, records.then_some(RECORDING), &viewers);
        assert_eq!(shown(&plan), expected, "{name}");
    }
}

#[test]
fn from_speed_cores_and_share_to_what_the_recording_has() {
    let hd = Pictures { size: Size::new(1920, 1080), fps: 30 };
    let small = Pictures { size: Size::new(1280, 720), fps: 30 };
    let film = Pictures { fps: 24, ..hd };
    let slow = Pictures { fps: 4, ..hd };
    // macroblocks a second and core, cores, percent, selected: pictures a second, threads
    let table = [
        (500_000, 4, 60, hd, (30, 1)),
        (500_000, 1, 60, hd, (30, 1)),
        (400_000, 1, 60, hd, (15, 1)),
        (244_800, 1, 100, hd, (30, 1)),
        (244_799, 1, 100, hd, (15, 1)),
        (244_800, 2, 100, hd, (30, 2)),
        (120_000, 4, 60, hd, (30, 3)),
        (120_000, 4, 50, hd, (15, 3)),
        (60_000, 4, 60, hd, (15, 4)),
        (60_000, 4, 60, small, (30, 3)),
        (60_000, 8, 60, hd, (30, 4)),
        (60_000, 1, 60, small, (10, 1)),
        (60_000, 1, 60, film, (6, 1)),
        (1, 1, 10, hd, (5, 1)),
        (1, 1, 10, slow, (4, 1)),
    ];
    for (speed, cores, share, selected, (fps, threads)) in table {
        let share = Share::try_from(share).unwrap();
        let budget = Budget { speed, cores: cores.try_into().unwrap(), share };
        let made = recording(selected, budget.limits(5));
        let name = format!("{speed} on {cores} at {share:?} for {selected:?}");
        assert_eq!((made.size, made.fps), (selected.size, fps), "{name}");
        assert_eq!(budget.threads(selected).get(), threads, "{name}");
    }
    assert!(Share::try_from(9).is_err() && Share::try_from(101).is_err());
}

#[test]
fn pictures_keep_the_aspect_and_are_never_enlarged() {
    // source, asked, got
    let table = [
        ((1920, 1080), (480, 270), (480, 270)),
        ((1920, 1080), (320, 180), (320, 180)),
        ((1920, 1080), (640, 480), (640, 360)),
        ((1920, 1080), (480, 360), (480, 270)),
        ((1920, 1080), (1280, 960), (1280, 720)),
        ((640, 360), (1920, 1080), (640, 360)),
        ((640, 480), (1920, 1080), (640, 480)),
        ((640, 480), (480, 270), (360, 270)),
        ((1080, 1920), (1280, 720), (404, 720)),
        ((1920, 1080), (17, 17), (16, 16)),
        ((64, 64), (3840, 3840), (64, 64)),
    ];
    for (source, asked, got) in table {
        let source = Pictures { size: Size::new(source.0, source.1), fps: 30 };
        let fitted = source.fitted(Resolution::new(asked.0, asked.1, 60));
        assert_eq!(fitted, Pictures { size: Size::new(got.0, got.1), fps: 30 }, "{asked:?}");
    }
}

#[test]
fn who_joins_disturbs_as_little_as_can_be() {
    let limits = Limits { encodes: 2, macroblocks_per_second: 8 * HD };
    let slow = viewer(0, 640, 360, 15, 300);
    let small = viewer(1, 320, 180, 30, 300);
    let joins = viewer(2, 1280, 720, 15, 300);
    let plan = plan(SOURCE, limits, None, &[slow, small, joins]);
    assert_eq!(shown(&plan), ["320x180@30 300k [1]", "640x360@15 300k [0, 2]"]);

    let weak = Viewer { profile: Profile::Baseline, level: Level::L3_1, ..joins };
    let one = Limits { encodes: 1, macroblocks_per_second: 8 * HD };
    let plan = super::plan(SOURCE, one, None, &[small, weak]);
    let [encode] = &plan.encodes[..] else { panic!("{plan:?}") };
    assert_eq!((encode.profile, encode.level), (Profile::Baseline, Level::L3_1));
}

#[test]
fn an_encode_keeps_its_number_while_it_is_the_same() {
    let mut numbering = Numbering::default();
    let mut assign =
        |viewers: &[Viewer]| numbering.assign(&plan(SOURCE, PLENTY, Some(RECORDING), viewers));
    let (phone, tv) = (viewer(0, 1280, 720, 30, 299), viewer(1, 1920, 1080, 30, 2000));
    assert_eq!(assign(&[phone]), [1]);
    assert_eq!(assign(&[phone, tv]), [1, 2]);
    let slower = Viewer { bitrate_bps: 132_000, ..phone };
    assert_eq!(assign(&[slower, tv]), [1, 2], "another bit rate");
    let far = Viewer { service: 3, bitrate_bps: 500_000, ..phone };
    assert_eq!(assign(&[slower, tv, far]), [1, 3, 2], "the newcomer has its own");
    assert_eq!(assign(&[far, tv]), [3, 2]);
    let other = Viewer { service: 2, ..tv };
    assert_eq!(assign(&[other]), [2], "another viewer of the same");
    let smaller = Viewer { resolution: Resolution::new(640, 360, 30), ..other };
    assert_eq!(assign(&[smaller]), [4]);
    assert_eq!(assign(&[]), [0; 0]);
    assert_eq!(assign(&[tv]), [5], "it ended between");
}

fn any_pictures() -> impl Strategy<Value = Pictures> {
    (8_u16..960, 8_u16..960, 5_u8..60)
        .prop_map(|(w, h, fps)| Pictures { size: Size::new(2 * w, 2 * h), fps })
}

fn any_viewers() -> impl Strategy<Value = Vec<Viewer>> {
    let one = (16_u16..2000, 16_u16..1200, 1_u8..60, 0_u8..3, 0_u8..3, 1_u32..4000);
    prop::collection::vec(one, 0..4).prop_map(|all| {
        let viewer = |(service, (w, h, fps, profile, level, kbps))| Viewer {
            profile: Profile::from_number(profile).expect("0 to 2"),
            level: Level::from_number(level).expect("0 to 2"),
            ..viewer(service, w, h, fps, kbps)
        };
        all.into_iter().enumerate().map(viewer).collect()
    })
}

proptest! {
    #[test]
    fn everybody_is_served_within_what_they_asked_and_the_limits(
        source in any_pictures(),
        recording in prop::option::of(any_pictures()),
        encodes in 0_usize..5,
        macroblocks_per_second in 0..4 * HD,
        viewers in any_viewers(),
    ) {
        let limits = Limits { encodes, macroblocks_per_second };
        let made = plan(source, limits, recording, &viewers);
        let mut turned = viewers.clone();
        turned.reverse();
        prop_assert_eq!(&made, &plan(source, limits, recording, &turned), "order plays no part");

        let mut served: Vec<usize> = made.on_recording.clone();
        served.extend(made.encodes.iter().flat_map(|encode| &encode.viewers));
        served.sort_unstable();
        prop_assert_eq!(served, (0..viewers.len()).collect::<Vec<_>>(), "each once: {:?}", made);
        prop_assert!(recording.is_some() || made.on_recording.is_empty());

        for encode in &made.encodes {
            let Pictures { size, fps } = encode.pictures;
            prop_assert!(size.width % 2 == 0 && size.height % 2 == 0 && fps > 0);
            prop_assert!(size.width >= MIN_SIDE && size.height >= MIN_SIDE);
            prop_assert!(size.width <= source.size.width && size.height <= source.size.height);
            for viewer in encode.viewers.iter().map(|&service| viewers[service]) {
                prop_assert!(size.width <= viewer.resolution.width);
                prop_assert!(size.height <= viewer.resolution.height);
                prop_assert!(fps <= viewer.resolution.fps && fps <= source.fps);
                prop_assert!(encode.profile.number() <= viewer.profile.number());
                prop_assert!(encode.level.number() <= viewer.level.number());
                prop_assert!(encode.bitrate_bps <= viewer.bitrate_bps);
            }
            let least = encode.viewers.iter().map(|&service| viewers[service].bitrate_bps).min();
            prop_assert!(encode.is_cut || Some(encode.bitrate_bps) == least, "{:?}", encode);
        }
        let running = made.encodes.len() + usize::from(recording.is_some());
        let live: u64 = made.encodes.iter().map(|encode| encode.pictures.macroblocks_per_second()).sum();
        let at_work = live + recording.map_or(0, Pictures::macroblocks_per_second);
        let floor = made.encodes.len() == 1 && recording.is_none();
        prop_assert!(running <= encodes || made.encodes.is_empty() || floor, "{:?}", made);
        let tiny = made.encodes.first().is_some_and(|encode| encode.pictures.fps <= MIN_FPS);
        prop_assert!(at_work <= macroblocks_per_second || live == 0 || floor && tiny, "{:?}", made);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Night vision in a world of light, filter and lamp, in virtual time, one sample a second.

#![expect(clippy::cast_possible_truncation, reason = "a made-up world of small numbers")]

use std::time::{Duration, Instant};

use appliance::night::{Action, Finding, Mode, NightVision, Picture, Position, Sample, Settings};

/// A scene in front of the camera, and the camera's optics.
struct World {
    curve: Vec<(f32, f32)>,
    /// The share of infrared in the light: the sun's much, a street lamp's little.
    infrared: f32,
    /// What the scene throws back of the IR lamp, in lux.
    echo: f32,
    /// The filter does not move any more.
    is_jammed: bool,
    filter: Position,
    is_lit: bool,
}

impl World {
    fn new(csv: &str) -> Self {
        let number = |text: &str| text.parse().expect("a number");
        let lines = csv.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.map(|line| line.split_once(',').expect("two columns"));
        Self {
            curve: pairs.map(|(minute, lux)| (number(minute), number(lux))).collect(),
            infrared: 0.5,
            echo: 6.0,
            is_jammed: false,
            filter: Position::Day,
            is_lit: false,
        }
    }

    /// A recorded day and the same again, where `daylight_factor` of the light outside arrives:
    /// 0.01 is well inside a room.
    fn under_recorded_sun(csv: &str, daylight_factor: f32) -> Self {
        let mut world = Self::new(csv);
        for (_, light) in &mut world.curve {
            let outside = (*light - ZERO_W_M2) * LUX_OF_A_W_M2;
            *light = (outside * daylight_factor).max(STARLIGHT_LUX);
        }
        let again: Vec<_> = world.curve.iter().map(|(at, lux)| (at + 1440.0, *lux)).collect();
        world.curve.extend(again);
        world
    }

    fn constant(lux: f32) -> Self {
        Self::new(&format!("0,{lux}"))
    }

    fn seconds(&self) -> u64 {
        self.curve.last().map_or(0, |(minute, _)| *minute as u64 * 60)
    }

    fn lux(&self, second: u64) -> f32 {
        let minute = second as f32 / 60.0;
        let after = self.curve.partition_point(|(at, _)| *at <= minute);
        let (from, light) = self.curve[after.max(1) - 1];
        let Some(&(to, next)) = self.curve.get(after) else { return light };
        (light.ln() + (next.ln() - light.ln()) * (minute - from) / (to - from)).exp()
    }

    /// What the sensor makes of it, its exposure at the limit below about 20 lx.
    fn picture(&self, second: u64) -> Picture {
        let visible = self.lux(second);
        let echo = if self.is_lit { self.echo } else { 0.0 };
        let infrared = match self.filter {
            Position::Day => 0.0,
            Position::Night => self.infrared * visible + echo,
        };
        let light = visible + infrared;
        let tint = 24.0 * infrared / light;
        Picture {
            luma: (255.0 * light / (light + 20.0)) as u8,
            cb: (128.0 - tint / 2.0) as u8,
            cr: (128.0 + tint) as u8,
        }
    }

    fn lux_sample(&self, second: u64) -> Sample {
        Sample { level: self.lux(second), picture: Some(self.picture(second)) }
    }

    fn luma_sample(&self, second: u64) -> Sample {
        let picture = self.picture(second);
        Sample { level: picture.luma.into(), picture: Some(picture) }
    }
}

/// What the instrument tells when it is dark.
const ZERO_W_M2: f32 = -1.8;
/// Of sun and sky together.
const LUX_OF_A_W_M2: f32 = 120.0;
const STARLIGHT_LUX: f32 = 0.001;
const DAY_S: u64 = 86_400;

/// What happened, by second.
#[derive(Default)]
struct Story {
    moves: Vec<(u64, Position)>,
    lamp: Vec<(u64, bool)>,
    told: Vec<(u64, Finding)>,
}

struct Rig {
    start: Instant,
    night: NightVision,
    world: World,
    sample: fn(&World, u64) -> Sample,
    story: Story,
}

impl Rig {
    fn new(world: World, settings: Settings, sample: fn(&World, u64) -> Sample) -> Self {
        let start = Instant::now();
        let night = NightVision::new(settings);
        Self { start, night, world, sample, story: Story::default() }
    }

    /// Measured by a light sensor that does not see the lamp.
    fn by_lux(world: World) -> Self {
        Self::new(world, Settings::lux(), World::lux_sample)
    }

    /// Measured by the picture, which does.
    fn by_luma(world: World) -> Self {
        Self::new(world, Settings::luma(), World::luma_sample)
    }

    fn mode(&mut self, second: u64, mode: Mode) {
        let actions = self.night.set_mode(self.at(second), mode);
        self.act(second, actions);
    }

    fn run(mut self, seconds: u64) -> Self {
        self.mode(0, Mode::Automatic);
        self.advance(0, seconds);
        self
    }

    fn advance(&mut self, from: u64, to: u64) {
        for second in from..to {
            let now = self.at(second);
            if self.night.next_timeout().is_some_and(|at| at <= now) {
                let actions = self.night.handle_timeout(now);
                self.act(second, actions);
            }
            let sample = (self.sample)(&self.world, second);
            let actions = self.night.handle(now, sample);
            self.act(second, actions);
        }
    }

    fn at(&self, second: u64) -> Instant {
        self.start + Duration::from_secs(second)
    }

    fn act(&mut self, second: u64, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Move(to) => {
                    assert!(!self.world.is_lit, "the lamp is dark while the filter moves");
                    self.story.moves.push((second, to));
                    if !self.world.is_jammed {
                        self.world.filter = to;
                    }
                }
                Action::Lamp(is_lit) => {
                    assert_ne!(is_lit, self.world.is_lit, "told once");
                    self.world.is_lit = is_lit;
                    self.story.lamp.push((second, is_lit));
                }
                Action::Tell(finding) => self.story.told.push((second, finding)),
            }
        }
    }

    fn moves(&self) -> Vec<Position> {
        self.story.moves.iter().map(|(_, to)| *to).collect()
    }
}

/// The most clicks in any hour.
fn clicks_in_an_hour(moves: &[(u64, Position)]) -> usize {
    let within =
        |from: u64| moves.iter().filter(|(at, _)| (from..from + 3600).contains(at)).count();
    moves.iter().map(|(at, _)| within(*at)).max().unwrap_or(0)
}

const WINTER_DAY: &str = include_str!("data/san_luis_valley_2016-01-01.csv");
const CLEAR_DAY: &str = include_str!("data/clear_day.csv");
const THUNDERSTORM: &str = include_str!("data/thunderstorm.csv");
const PORCH_LAMP: &str = include_str!("data/porch_lamp_for_an_hour.csv");

#[test]
fn a_clear_day_has_one_dawn_and_one_dusk() {
    for (name, make) in
        [("lux", Rig::by_lux as fn(World) -> Rig), ("luma", Rig::by_luma as fn(World) -> Rig)]
    {
        let world = World::new(CLEAR_DAY);
        let seconds = world.seconds();
        let rig = make(world).run(seconds);
        assert_eq!(
            rig.moves(),
            [Position::Night, Position::Day, Position::Night],
            "{name}: {:?}",
            rig.story.moves
        );
        let (dawn, dusk) = (rig.story.moves[1].0, rig.story.moves[2].0);
        // civil twilight begins and ends about 37 minutes from sunrise (6 h) and sunset (18 h)
        assert!((5 * 3600..6 * 3600 + 1800).contains(&dawn), "{name}: dawn at {dawn} s");
        assert!((18 * 3600..19 * 3600).contains(&dusk), "{name}: dusk at {dusk} s");
        assert_eq!(rig.story.told, []);
    }
}

/// What an instrument told, twice in a row, where a room leaves a part of it. With all of it the
/// noise of an instrument for the sun, 1 W/m², would be a lamp.
#[test]
fn a_recorded_day_has_one_dawn_and_one_dusk() {
    for make in [Rig::by_lux as fn(World) -> Rig, Rig::by_luma as fn(World) -> Rig] {
        for daylight_factor in [0.002, 0.005, 0.01] {
            let rig = make(World::under_recorded_sun(WINTER_DAY, daylight_factor)).run(2 * DAY_S);
            let moves = &rig.story.moves;
            let days = [Position::Night, Position::Day, Position::Night, Position::Day];
            assert!(rig.moves().starts_with(&days), "{daylight_factor}: {moves:?}");
            assert_eq!(rig.moves()[4..], days[..1], "{daylight_factor}: {moves:?}");
            // sunrise at 14:17, sunset at 23:51; up to an hour before a day behind the lamp is found
            let (dawn, dusk) = (moves[1].0, moves[2].0);
            assert!((51_000..57_600).contains(&dawn), "{daylight_factor}: dawn at {dawn} s");
            assert!((82_800..88_200).contains(&dusk), "{daylight_factor}: dusk at {dusk} s");
            assert!(moves[3].0.abs_diff(dawn + DAY_S) < 3700, "as on the day before: {moves:?}");
            assert_eq!(rig.story.told, []);
        }
    }
}

#[test]
fn started_in_the_dark_it_is_night_in_seconds() {
    for rig in [Rig::by_lux(World::constant(0.1)), Rig::by_luma(World::constant(0.1))] {
        let rig = rig.run(12);
        assert_eq!(rig.moves(), [Position::Night]);
        assert!(rig.story.moves[0].0 <= 3 && rig.world.is_lit);
    }
    let rig = Rig::by_lux(World::constant(500.0)).run(3600);
    assert_eq!(rig.moves(), [Position::Day], "where the filter stood was not known");
    assert_eq!(rig.story.lamp, []);
}

/// A white wall close by throws so much of the lamp back that the picture is as bright as day.
#[test]
fn the_own_lamp_is_not_taken_for_daylight() {
    let mut world = World::constant(0.1);
    world.echo = 200.0;
    let rig = Rig::by_luma(world).run(10 * 3600);
    assert_eq!(rig.moves(), [Position::Night], "no click all night");
    let looks: Vec<u64> =
        rig.story.lamp.iter().filter(|(_, lit)| !lit).map(|(at, _)| *at).collect();
    assert!((8..20).contains(&looks.len()), "{} looks: {looks:?}", looks.len());
    let pauses: Vec<u64> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted(), "rarer each time: {pauses:?}");
    assert!(pauses.last().is_some_and(|last| *last <= 3620), "but never forgotten: {pauses:?}");
    let dark: u64 = rig.story.lamp.windows(2).filter(|w| !w[0].1).map(|w| w[1].0 - w[0].0).sum();
    assert!(dark <= 60, "dark for {dark} s in ten hours");
}

/// The lamp outshines the dawn, so the picture never says that it is brighter.
#[test]
fn the_day_is_found_behind_the_own_lamp() {
    let mut world = World::new("0,0.1\n600,0.1\n610,5000\n900,5000");
    world.echo = 3.0; // neither dark nor bright in the picture
    let rig = Rig::by_luma(world).run(900 * 60);
    assert_eq!(rig.moves(), [Position::Night, Position::Day]);
    assert!(rig.story.moves[1].0 < 680 * 60, "at most an hour after the dawn");
}

#[test]
fn headlights_do_not_make_it_click() {
    let mut rig = Rig::by_lux(World::constant(0.3));
    rig.mode(0, Mode::Automatic);
    for car in 0..200 {
        rig.world.curve[0].1 = 0.3;
        rig.advance(car * 60, car * 60 + 57);
        rig.world.curve[0].1 = 300.0;
        rig.advance(car * 60 + 57, car * 60 + 60); // three seconds of light
    }
    assert_eq!(rig.moves(), [Position::Night]);
}

#[test]
fn a_lamp_at_the_door_makes_a_day_of_its_hour() {
    let world = World::new(PORCH_LAMP);
    let seconds = world.seconds();
    let rig = Rig::by_lux(world).run(seconds);
    assert_eq!(rig.moves(), [Position::Night, Position::Day, Position::Night]);
}

#[test]
fn a_thunderstorm_stays_within_the_budget() {
    for make in [Rig::by_lux as fn(World) -> Rig, Rig::by_luma as fn(World) -> Rig] {
        let world = World::new(THUNDERSTORM);
        let seconds = world.seconds();
        let rig = make(world).run(seconds);
        assert!(clicks_in_an_hour(&rig.story.moves) <= 12, "{:?}", rig.story.moves);
        assert_eq!(rig.world.filter, Position::Day, "all is well in the end");
        assert!(!rig.world.is_lit);
    }
}

#[test]
fn a_spent_budget_is_told_once_and_ends() {
    let mut rig = Rig::by_lux(World::constant(100.0));
    rig.mode(0, Mode::Automatic);
    for turn in 0..120 {
        rig.world.curve[0].1 = if turn % 2 == 0 { 100.0 } else { 0.1 };
        rig.advance(turn * 60, (turn + 1) * 60);
    }
    assert_eq!(clicks_in_an_hour(&rig.story.moves), 12, "used up, not exceeded");
    let told: Vec<Finding> = rig.story.told.iter().map(|(_, finding)| *finding).collect();
    assert!(!told.is_empty() && told.len() <= 3, "{told:?}");
    assert!(told.iter().all(|finding| *finding == Finding::BudgetSpent));
    assert!(rig.story.moves.iter().any(|(at, _)| *at > 3600), "new clicks after an hour");
}

#[test]
fn a_jammed_filter_is_noticed_and_so_is_its_repair() {
    let mut rig = Rig::by_lux(World::constant(100.0));
    rig.world.is_jammed = true;
    rig.world.filter = Position::Night;
    rig.mode(0, Mode::Automatic);
    let mut second = 0;
    for lux in [100.0, 2.0, 100.0, 2.0] {
        rig.world.curve[0].1 = lux;
        rig.advance(second, second + 120);
        second += 120;
    }
    assert!(rig.night.is_stuck());
    let told: Vec<Finding> = rig.story.told.iter().map(|(_, finding)| *finding).collect();
    assert_eq!(told, [Finding::FilterStuck]);
    assert!(rig.story.moves.len() <= 6, "not hammered on: {:?}", rig.story.moves);

    rig.world.is_jammed = false;
    for lux in [100.0, 2.0, 100.0] {
        rig.world.curve[0].1 = lux;
        rig.advance(second, second + 120);
        second += 120;
    }
    assert!(!rig.night.is_stuck());
    assert_eq!(rig.story.told.last().map(|told| told.1), Some(Finding::FilterMoves));
}

#[test]
fn switched_off_the_lamp_is_dark_and_the_filter_is_in() {
    let mut rig = Rig::by_luma(World::constant(0.1));
    rig.mode(0, Mode::Automatic);
    rig.advance(0, 60);
    assert!(rig.world.is_lit);
    rig.mode(60, Mode::Day);
    assert!(!rig.world.is_lit, "at once");
    assert_eq!(rig.world.filter, Position::Day);
    rig.advance(60, 3600);
    assert!(!rig.world.is_lit && rig.story.moves.len() == 2);
}

#[test]
fn asleep_it_is_dark_and_does_not_click() {
    let mut rig = Rig::by_lux(World::constant(0.1));
    rig.advance(0, 100);
    assert_eq!(rig.story.moves, []);
    rig.mode(100, Mode::Automatic);
    rig.advance(100, 200);
    rig.mode(200, Mode::Asleep);
    assert!(!rig.world.is_lit, "no light from a camera that does not look");
    rig.advance(200, 300);
    assert_eq!(rig.moves(), [Position::Night], "the filter rests");
    rig.mode(300, Mode::Automatic);
    rig.advance(300, 400);
    assert_eq!(rig.moves(), [Position::Night], "and it is known where");
    assert!(rig.world.is_lit);
}

#[test]
fn a_sensor_that_falls_silent_never_leaves_the_night_dark() {
    let mut rig = Rig::by_luma(World::constant(0.1));
    rig.mode(0, Mode::Automatic);
    rig.advance(0, 4); // the filter has just been sent
    assert!(!rig.world.is_lit);
    for _ in 0..6 {
        let Some(at) = rig.night.next_timeout() else { break };
        let actions = rig.night.handle_timeout(at);
        rig.act(5, actions);
        let waits_for_light = rig.world.is_lit
            || rig.night.next_timeout().is_some_and(|next| next <= at + Duration::from_secs(20));
        assert!(waits_for_light, "dark with nothing to come");
    }
    assert!(rig.night.is_lit() == rig.world.is_lit);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever the light does, and whatever is switched.
    #[test]
    fn the_budget_holds(
        lights in proptest::collection::vec((-3.0f32..4.0, 1u64..400), 1..60),
        modes in proptest::collection::vec(0usize..8, 60),
        by_luma: bool,
        echo in 0.0f32..100.0,
        is_jammed: bool,
    ) {
        let world = World { echo, is_jammed, ..World::constant(1.0) };
        let mut rig = if by_luma { Rig::by_luma(world) } else { Rig::by_lux(world) };
        let mut second = 0;
        for ((power, lasts), mode) in lights.into_iter().zip(modes) {
            match mode {
                0 => rig.mode(second, Mode::Asleep),
                1 => rig.mode(second, Mode::Day),
                _ => rig.mode(second, Mode::Automatic),
            }
            rig.world.curve[0].1 = 10f32.powf(power);
            rig.advance(second, second + lasts);
            second += lasts;
            proptest::prop_assert!(mode > 1 || !rig.world.is_lit);
        }
        proptest::prop_assert!(clicks_in_an_hour(&rig.story.moves) <= 12);
    }

    /// Numbers that are none do nothing.
    #[test]
    fn any_level_is_taken(levels in proptest::collection::vec(proptest::num::f32::ANY, 0..200)) {
        let start = Instant::now();
        let mut night = NightVision::new(Settings::lux());
        let mut moves = night.set_mode(start, Mode::Automatic).len();
        for (second, level) in (0..).zip(levels) {
            let now = start + Duration::from_secs(second);
            let actions = night.handle(now, Sample { level, picture: None });
            moves += actions.iter().filter(|action| matches!(action, Action::Move(_))).count();
        }
        proptest::prop_assert!(moves <= 12);
    }
}

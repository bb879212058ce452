// SPDX-License-Identifier: MIT OR Apache-2.0
//! What motion detection promises, each promise shown with a made-up scene.

#![allow(clippy::cast_possible_truncation, reason = "made-up numbers are small")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "used by tests only")]

mod scenes;

use std::f32::consts::TAU;
use std::time::Duration;

use camera::motion::MotionChange::{Ended, Started};
use camera::motion::{
    Hold, MotionChange, MotionConfig, MotionDetector, Point, Sensitivity, Zone, ZoneKind, Zones,
};
use frame::Plane;

use scenes::{Canvas, Rng, Stage};

/// Hold of 1 s, so that one false alarm does not hide the next.
fn brief() -> MotionConfig {
    MotionConfig { hold: Hold::new(Duration::from_secs(1)).unwrap(), ..MotionConfig::default() }
}

fn started(said: &[(f32, MotionChange)]) -> Option<f32> {
    said.iter().find(|(_, change)| *change == Started).map(|(second, _)| *second)
}

/// Nobody is there for 4 s, then somebody walks in from the left: the second after which that was
/// said. `pace` is in picture widths a second.
fn time_to_see(stage: &mut Stage, height: f32, pace: f32, contrast: f32) -> Option<f32> {
    let quiet = stage.wait(4.0);
    assert_eq!(quiet, [], "before anybody came");
    let half = height * 0.14 * stage.place.height as f32 / stage.place.width as f32;
    let said = stage.film(3.0, |canvas, second, _| {
        canvas.walker(second * pace - half, 0.9, height, contrast);
    });
    started(&said)
}

#[test]
fn noise_is_not_motion() {
    for noise in [0.0, 2.0, 6.0, 12.0, 20.0] {
        let mut stage = Stage::new(brief());
        stage.noise = noise;
        assert_eq!(stage.wait(40.0), [], "noise {noise}");
    }
}

#[test]
fn walkers_are_seen_within_half_a_second_of_entering() {
    // Height as a share of the picture's, pace in picture widths a second, contrast, noise.
    let cases = [
        (0.5, 0.12, -45.0, 2.0),
        (0.5, 0.12, 45.0, 2.0),
        (0.25, 0.08, -45.0, 2.0),
        (0.25, 0.08, 30.0, 4.0),
        (0.25, 0.3, -45.0, 2.0),
        (0.9, 0.15, -35.0, 2.0),
        (0.9, 0.6, -35.0, 2.0),
        (0.5, 0.12, -20.0, 5.0),
    ];
    for fps in [5, 10, 30] {
        for (height, pace, contrast, noise) in cases {
            let mut stage = Stage::new(brief());
            (stage.fps, stage.noise) = (fps, noise);
            let row = format!("fps {fps} height {height} pace {pace} contrast {contrast}");
            let seen = time_to_see(&mut stage, height, pace, contrast).expect(&row);
            println!("{row}: {seen} s");
            assert!(seen <= 0.5, "{row}: seen after {seen} s");
        }
    }
}

#[test]
fn slow_and_far_walkers_are_seen() {
    for (height, pace, contrast, noise, within) in [
        (0.12, 0.03, -45.0, 2.0, 1.5),
        (0.25, 0.015, -45.0, 2.0, 2.0),
        (0.15, 0.06, 40.0, 3.0, 1.5),
    ] {
        let mut stage = Stage::new(brief());
        stage.noise = noise;
        let row = format!("height {height} pace {pace}");
        let seen = time_to_see(&mut stage, height, pace, contrast).expect(&row);
        println!("{row}: {seen} s");
        assert!(seen <= within, "{row}: seen after {seen} s");
    }
}

#[test]
fn a_pale_walker_is_seen_in_a_noisy_night() {
    let mut stage = Stage::new(brief());
    for luma in &mut stage.place.luma {
        *luma = 24.0 + *luma * 0.15;
    }
    stage.noise = 7.0;
    assert_eq!(stage.wait(20.0), []);
    let seen = time_to_see(&mut stage, 0.5, 0.12, 9.0).expect("seen");
    println!("{seen} s");
    assert!(seen <= 1.0, "seen after {seen} s");
}

/// A lamp at the upper right: the gain of light at a place.
fn lamp(x: f32, y: f32) -> f32 {
    1.0 + 0.9 / (1.0 + 5.0 * ((x - 0.8).powi(2) + (y - 0.1).powi(2)))
}

#[test]
fn lamps_switched_are_not_motion_and_hide_nobody() {
    // How long the lamp takes, and whether it throws a hard shadow.
    for (ramp, is_hard) in [(0.0, false), (0.3, false), (1.0, false), (0.0, true)] {
        let mut stage = Stage::new(brief());
        stage.wait(5.0);
        let light = |canvas: &mut Canvas, share: f32| {
            canvas.paint(|x, y, luma| {
                if !is_hard || x > 0.45 + 0.2 * y {
                    *luma *= 1.0 + share * (lamp(x, y) - 1.0);
                }
            });
        };
        let row = format!("ramp {ramp} s, hard shadow {is_hard}");
        let on = stage.film(8.0, |canvas, second, _| {
            light(canvas, if ramp > 0.0 { (second / ramp).min(1.0) } else { 1.0 });
        });
        assert_eq!(on, [], "{row}: on");
        let walked = stage.film(3.0, |canvas, second, _| {
            light(canvas, 1.0);
            canvas.walker(0.12 * second, 0.9, 0.4, -40.0);
        });
        assert!(started(&walked).expect(&row) <= 0.5, "{row}: walker in the light");
        stage.film(3.0, |canvas, _, _| light(canvas, 1.0));
        assert!(!stage.detector.is_motion(), "{row}");
        assert_eq!(stage.wait(8.0), [], "{row}: off");
    }
}

#[test]
fn clouds_are_not_motion() {
    for period in [6.0, 15.0, 40.0] {
        let mut stage = Stage::new(brief());
        let said = stage.film(60.0, |canvas, second, _| {
            canvas.paint(|x, _, luma| {
                *luma *= 0.8 + 0.2 * ((second / period - x / 2.0) * TAU).cos();
            });
        });
        assert_eq!(said, [], "period {period} s");
    }
}

#[test]
fn flicker_of_the_mains_is_not_motion() {
    // 100 Hz light seen at 10.04, 9.7 and 7 frames a second by a rolling shutter: bands that wander.
    for beat in [0.4, 3.0, 2.3] {
        let mut stage = Stage::new(brief());
        let said = stage.film(40.0, |canvas, second, _| {
            canvas
                .paint(|_, y, luma| *luma *= 1.0 + 0.06 * ((second * beat + y * 2.0) * TAU).sin());
        });
        assert_eq!(said, [], "beat {beat} Hz");
    }
}

fn rain(canvas: &mut Canvas, rng: &mut Rng, streaks: usize) {
    for _ in 0..streaks {
        let (x, y) = (rng.below(canvas.width - 10), rng.below(canvas.height - 40));
        for step in 0..10 + rng.below(30) {
            for thick in 0..2 {
                canvas.luma[(y + step) * canvas.width + x + step / 6 + thick] += 40.0;
            }
        }
    }
}

#[test]
fn rain_is_not_motion_and_hides_nobody() {
    for streaks in [30, 150, 400] {
        let mut stage = Stage::new(brief());
        stage.wait(5.0);
        let said = stage.film(30.0, |canvas, _, rng| rain(canvas, rng, streaks));
        assert_eq!(said, [], "{streaks} streaks");
        let said = stage.film(3.0, |canvas, second, rng| {
            canvas.walker(0.12 * second, 0.9, 0.5, -45.0);
            rain(canvas, rng, streaks);
        });
        let seen = started(&said).expect("a walker in the rain");
        println!("{streaks} streaks: {seen} s");
        assert!(seen <= 0.7, "{streaks} streaks: {seen} s");
    }
}

#[test]
fn snow_is_not_motion() {
    let mut stage = Stage::new(brief());
    stage.wait(5.0);
    let said = stage.film(30.0, |canvas, _, rng| {
        for _ in 0..80 {
            let (x, y, size) = (rng.below(630), rng.below(350), 3 + rng.below(6));
            for row in y..y + size {
                canvas.luma[row * 640 + x..][..size].fill(190.0);
            }
        }
    });
    assert_eq!(said, []);
}

/// Twigs that swing about their place with the wind.
fn branches(canvas: &mut Canvas, second: f32) {
    for twig in 0..25_u8 {
        let twig = f32::from(twig);
        let swing = 0.008 * (second * (4.0 + twig * 0.13) + twig).sin()
            + 0.002 * (second * 1.3 + twig * 2.0).sin();
        let (x, y) = (0.6 + twig * 0.014 + swing, 0.05 + (twig * 0.37).fract() * 0.3);
        canvas.fill((x, x + 0.006), (y, y + 0.2), 45.0);
    }
}

#[test]
fn swaying_branches_are_learned() {
    let mut stage = Stage::new(brief());
    let first = stage.film(60.0, |canvas, second, _| branches(canvas, second));
    println!("while learning: {first:?}");
    let then = stage.film(60.0, |canvas, second, _| branches(canvas, second + 60.0));
    assert_eq!(then.iter().filter(|(_, change)| *change == Started).count(), 0, "{then:?}");
    let walked = stage.film(3.0, |canvas, second, _| {
        branches(canvas, second + 120.0);
        canvas.walker(0.12 * second, 0.9, 0.4, -45.0);
    });
    assert!(started(&walked).expect("a walker beside the tree") <= 0.5);
}

#[test]
fn a_shaking_mast_is_not_motion() {
    let mut stage = Stage::new(brief());
    let (width, height) = (stage.place.width, stage.place.height);
    let place = stage.place.luma.clone();
    let shaken = |canvas: &mut Canvas, rng: &mut Rng| {
        let (dx, dy) = (rng.below(3), rng.below(3));
        for y in 1..height - 1 {
            let from = (y + dy - 1) * width + dx;
            canvas.luma[y * width + 1..][..width - 2].copy_from_slice(&place[from..][..width - 2]);
        }
    };
    assert_eq!(stage.film(40.0, |canvas, _, rng| shaken(canvas, rng)), []);
    let said = stage.film(3.0, |canvas, second, rng| {
        shaken(canvas, rng);
        canvas.walker(0.12 * second, 0.9, 0.5, -45.0);
    });
    assert!(started(&said).expect("a walker") <= 0.7);
}

fn zone(kind: ZoneKind, x: (f32, f32), y: (f32, f32)) -> Zone {
    Zone::rectangle(kind, Point { x: x.0, y: y.0 }, Point { x: x.1, y: y.1 }).unwrap()
}

#[test]
fn zones_decide_where_it_counts() {
    let left = zone(ZoneKind::Include, (0.0, 0.4), (0.0, 1.0));
    let right = zone(ZoneKind::Include, (0.6, 1.0), (0.0, 1.0));
    let street = zone(ZoneKind::Exclude, (0.0, 1.0), (0.3, 1.0));
    for (zones, counts) in [
        (vec![], true),
        (vec![left.clone()], true),
        (vec![right.clone()], false),
        (vec![street.clone()], false),
        (vec![left, street], false),
        (vec![right.clone(), zone(ZoneKind::Include, (0.0, 0.3), (0.5, 1.0))], true),
    ] {
        let row = format!("{zones:?}");
        let mut stage = Stage::new(MotionConfig { zones: Zones::new(zones).unwrap(), ..brief() });
        stage.wait(3.0);
        let said =
            stage.film(2.0, |canvas, second, _| canvas.walker(0.12 * second, 0.9, 0.5, -45.0));
        assert_eq!(started(&said).is_some(), counts, "{row}");
    }
}

#[test]
fn sensitivity_decides_how_pale_a_walker_may_be() {
    let sees = |percent: u8, contrast: f32| {
        let sensitivity = Sensitivity::new(percent).unwrap();
        let mut stage = Stage::new(MotionConfig { sensitivity, ..brief() });
        stage.place.luma.fill(95.0);
        time_to_see(&mut stage, 0.5, 0.12, contrast).is_some()
    };
    assert!(sees(100, 6.0) && !sees(0, 6.0));
    assert!(sees(50, 15.0) && sees(0, 60.0));
}

#[test]
fn motion_is_held_and_put_off_by_more() {
    let mut stage = Stage::new(MotionConfig::default());
    stage.wait(3.0);
    let said = stage.film(4.0, |canvas, second, _| canvas.walker(0.12 * second, 0.9, 0.5, -45.0));
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(stage.wait(6.0), [], "held");
    let again = stage.film(4.0, |canvas, second, _| canvas.walker(0.12 * second, 0.9, 0.5, 45.0));
    assert_eq!(again, [], "one event");
    let until = stage.detector.next_timeout().expect("motion is on");
    assert_eq!(stage.detector.handle_timeout(until - Duration::from_millis(1)), None);
    assert!(stage.detector.is_motion());
    // No more frames come.
    assert_eq!(stage.detector.handle_timeout(until), Some(Ended));
    assert_eq!(stage.detector.next_timeout(), None);
    let late = until - stage.now;
    assert!((Duration::from_secs(8)..=Duration::from_secs(12)).contains(&late), "{late:?}");
}

#[test]
fn another_sensor_may_start_motion() {
    let mut stage = Stage::new(MotionConfig::default());
    assert_eq!(stage.detector.trigger(stage.now), Some(Started));
    let later = stage.now + Duration::from_secs(4);
    assert_eq!(stage.detector.trigger(later), None);
    assert_eq!(stage.detector.next_timeout(), Some(later + Duration::from_secs(10)));
    assert_eq!(stage.detector.reset(), Some(Ended));
    assert_eq!(stage.detector.reset(), None);
}

#[test]
fn nothing_seen_before_a_reset_is_known_after_it() {
    let mut stage = Stage::new(brief());
    stage.wait(5.0);
    assert_eq!(stage.detector.reset(), None);
    // Quite another place: compared with the first it would be full of change.
    stage.place.luma.reverse();
    assert_eq!(stage.wait(10.0), []);
}

#[test]
fn what_is_left_behind_is_accepted() {
    let mut stage = Stage::new(brief());
    stage.wait(3.0);
    let parcel = |canvas: &mut Canvas| canvas.fill((0.5, 0.6), (0.7, 0.9), 30.0);
    let brought = stage.film(8.0, |canvas, second, _| {
        if second > 4.0 {
            parcel(canvas);
        }
        canvas.walker(0.14 * second, 0.9, 0.5, 45.0);
    });
    assert!(started(&brought).is_some());
    let left = stage.film(70.0, |canvas, _, _| parcel(canvas));
    assert_eq!(started(&left), None);
    let passes = stage.film(3.0, |canvas, second, _| {
        parcel(canvas);
        canvas.walker(0.12 * second, 0.9, 0.5, 45.0);
    });
    assert!(started(&passes).expect("the next walker") <= 0.5);
}

#[test]
fn who_is_there_from_the_start_leaves_no_ghost() {
    let mut stage = Stage::new(brief());
    stage.film(6.0, |canvas, _, _| canvas.walker(0.5, 0.9, 0.5, -45.0));
    stage.film(4.0, |canvas, second, _| canvas.walker(0.5 + 0.15 * second, 0.9, 0.5, -45.0));
    stage.wait(3.0);
    assert!(!stage.detector.is_motion());
    assert_eq!(stage.wait(60.0), []);
}

/// Seven bars and a clock of strokes that change every second, the last digits every frame.
fn test_pattern(canvas: &mut Canvas, second: f32) {
    for (bar, luma) in [180.0, 168.0, 145.0, 133.0, 63.0, 51.0, 28.0].into_iter().enumerate() {
        let x = bar as f32 / 7.0;
        canvas.fill((x, x + 1.0 / 7.0), (0.0, 1.0), luma);
    }
    canvas.fill((0.03, 0.30), (0.04, 0.11), 16.0);
    let hundredths = (second * 100.0) as usize;
    let digits = [
        hundredths / 6000,
        hundredths / 1000 % 6,
        hundredths / 100 % 10,
        hundredths / 10 % 10,
        hundredths % 10,
    ];
    // Which of seven strokes each digit has.
    let strokes = [0x77, 0x24, 0x5D, 0x6D, 0x2E, 0x6B, 0x7B, 0x25, 0x7F, 0x6F];
    for (place, digit) in digits.into_iter().enumerate() {
        let x = 0.05 + place as f32 * 0.04;
        for stroke in (0..7).filter(|stroke| strokes[digit] >> stroke & 1 == 1) {
            let (dx, dy, w, h) = [
                (0.0, 0.0, 0.02, 0.008),
                (0.0, 0.0, 0.004, 0.025),
                (0.016, 0.0, 0.004, 0.025),
                (0.0, 0.021, 0.02, 0.008),
                (0.0, 0.025, 0.004, 0.025),
                (0.016, 0.025, 0.004, 0.025),
                (0.0, 0.042, 0.02, 0.008),
            ][stroke];
            canvas.fill((x + dx, x + dx + w), (0.05 + dy, 0.05 + dy + h), 235.0);
        }
    }
}

#[test]
fn a_running_clock_is_not_motion_but_a_walker_before_it_is() {
    for (noise, fps) in [(0.0, 10), (0.0, 5), (1.5, 10)] {
        let mut stage = Stage::of_size(brief(), 1920, 1080);
        (stage.noise, stage.fps) = (noise, fps);
        let said = stage.film(15.0, |canvas, second, _| test_pattern(canvas, second));
        assert_eq!(said, [], "noise {noise} fps {fps}");
        let said = stage.film(2.0, |canvas, second, _| {
            test_pattern(canvas, second + 15.0);
            let x = 0.15 * second - 0.02;
            canvas.fill((x, x + 0.05), (0.6, 0.85), 220.0);
        });
        assert!(started(&said).expect("a walker") <= 0.5, "noise {noise} fps {fps}: {said:?}");
    }
}

#[test]
fn another_size_is_learned_anew() {
    let mut stage = Stage::new(brief());
    stage.wait(4.0);
    let small = Stage::of_size(brief(), 320, 240);
    stage.place = small.place;
    assert_eq!(stage.wait(5.0), []);
    assert!(time_to_see(&mut stage, 0.5, 0.12, -45.0).expect("seen") <= 0.5);
}

#[test]
fn a_pause_between_frames_is_not_motion() {
    let mut stage = Stage::new(brief());
    for pause in [0.7, 3.0, 30.0, 600.0] {
        stage.wait(4.0);
        stage.now += Duration::from_secs_f32(pause);
        // Meanwhile somebody parked a car.
        let car = |canvas: &mut Canvas| canvas.fill((0.3, 0.6), (0.5, 0.8), 170.0);
        let said = stage.film(6.0, |canvas, _, _| car(canvas));
        assert_eq!(said, [], "{pause} s");
        stage.detector = MotionDetector::new(brief());
    }
}

#[test]
fn few_frames_are_enough() {
    for fps in [2, 3] {
        let mut stage = Stage::new(brief());
        stage.fps = fps;
        let seen = time_to_see(&mut stage, 0.5, 0.1, -45.0).expect("seen");
        assert!(seen <= 1.5, "{fps} fps: {seen} s");
    }
}

#[test]
fn any_plane_is_survived() {
    let mut stage = Stage::new(brief());
    let samples = vec![200; 4096];
    for (width, height, len) in [
        (0, 0, 0),
        (1, 1, 1),
        (64, 64, 4096),
        (64, 65, 4096),
        (usize::MAX, 2, 4096),
        (usize::MAX, usize::MAX, 0),
        (4096, 1, 4096),
        (16, 16, 4096),
        (17, 239, 4096),
    ] {
        for _ in 0..3 {
            stage.now += Duration::from_millis(100);
            let plane = Plane { samples: &samples[..len], width, height };
            assert_eq!(stage.detector.handle(stage.now, plane), None, "{width}x{height}");
        }
    }
}

#[test]
fn extremes_of_light_are_survived() {
    let mut stage = Stage::new(brief());
    for noise in [0.0, 80.0] {
        stage.noise = noise;
        stage.film(30.0, |canvas, second, rng| {
            let gain = [0.0, 1.0, 8.0, 0.02, 100.0][(second as usize) % 5];
            let bars = rng.below(40) as f32;
            canvas.paint(|x, _, luma| *luma = *luma * gain + 255.0 * (x * bars).sin());
        });
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inventory: every part of the daemon and every wire between them, from top to bottom.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use camera::plan::Pictures;
use camera::services::{self, Labels};
use camera::tlv::live::LiveOffer;
use camera::tlv::recording::Offer;
use camera::{Camera, FieldOfView, Setup, Start};
use frame::Size;
use gpio::board::Board;
use hap::setup::{self, Category};
use hap::txt::Advertisement;
use media::{EncoderChoice, EncoderFound, Video};
use privacy::Gate;
use tokio::sync::{mpsc, watch};
use tracing::info;

use crate::advert::{self, Announcer, Published};
use crate::config::{Config, Crop, OwnersFile, Scaler};
use crate::console::{self, PairingHelp};
use crate::control::{self, About, SettingsDesk};
use crate::core::{
    Capacity, Control, Core, End, Input, LiveEncodes, LiveViews, Ports, Recordings, Signals,
};
use crate::hands::{self, HandEvent, Hands, Reflex, Tell};
use crate::identity::{self, Identity};
use crate::log::Ring;
use crate::motion::MotionWatch;
use crate::net::{self, Connections, Link};
use crate::overlay::Settings;
use crate::saver::Saver;
use crate::seek::Seek;
use crate::sounds::{self, Sounds};
use crate::store::Store;
use crate::{encoder, firmware, pairings, settings};

const MANUFACTURER: &str = "hsv project";
const MODEL: &str = "hsv camera";
/// What a lens sees that nobody has measured.
const FIELD_OF_VIEW_DEGREES: f64 = 90.0;
/// Network events that may wait for the core task; then sockets are not read.
const NET_EVENTS: usize = 64;
/// Datagrams of viewers that may wait for the core task; further ones are dropped.
const DATAGRAMS: usize = 256;
/// Threads for the disk: pairings and settings.
const DISK_THREADS: usize = 2;

/// Where the daemon keeps and leaves things.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The state folder.
    pub state: &'a Path,
    /// A copy of it on another medium, for what no copy in it has whole.
    pub state_copy: Option<&'a Path>,
    /// Where a network is written that a code before the lens names; without it nobody looks for one.
    pub shown_network: Option<&'a Path>,
}

/// Runs the daemon until it is told to stop or to begin anew.
///
/// # Errors
/// What cannot be had at the start: the state folder, the ports, a thread.
pub fn run(
    owners: OwnersFile,
    places: Places<'_>,
    board: &Board,
    journal: Ring,
) -> anyhow::Result<End> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(DISK_THREADS)
        .build()
        .context("the runtime cannot start")?
        .block_on(compose(owners, places, board, journal))
}

async fn compose(
    owners: OwnersFile,
    places: Places<'_>,
    board: &Board,
    journal: Ring,
) -> anyhow::Result<End> {
    // Signals first: whoever reads the line that we listen may send one at once
    let signals = Signals::listen().context("signals cannot be listened to")?;

    // The body before anything else: the light dark, and the switch read before anything opens
    let (inputs, inbox) = mpsc::unbounded_channel();
    let gate = Gate::closed();
    let reflex = Arc::new(Reflex::new(gate.shutter()));
    let tell_hand = hand_teller(&reflex, tell(&inputs, Input::Hand));
    let hands = Hands::open(board, &tell_hand)?;

    // State
    let store = Arc::new(Store::open(places.state)?);
    if let Some(copy) = places.state_copy {
        store.mend_from(copy, identity::DOMAIN)?;
    }
    let (settings, config) = Settings::load(&store, owners)?;
    let mut rng = identity::seeded_rng()?;
    let identity = Identity::load(&store, &config.pairing, &mut rng)?;
    let pairing_state = pairings::load(&store)?;
    let is_paired = pairing_state.is_paired();

    // The camera and its gate, shut until the first action opens it
    let device_id = *identity.keys.device_id();
    let category = hands::category(board);
    let version = firmware::version();
    let setup = camera_setup(&config, category, &device_id, &version)?;
    let config_number = pairings::config_number(&store, setup.fingerprint())?;
    let start =
        Start { stored: settings::load(&store), is_paired, is_switched_off: hands.is_private() };
    let (camera, first_actions) = Camera::start(setup, start);

    // The owner's way in
    let about = About {
        version: version.as_str().into(),
        accessory_key: identity.keys.public_key(),
        board: board.id.as_str().into(),
        state_dir: Arc::new(places.state.to_owned()),
        journal,
    };
    let settings_desk = SettingsDesk::new(settings, Arc::clone(&store));
    let (outlet, requests) = control::spawn(config.control.clone(), about, settings_desk)?;

    // Media threads
    let encoder = encoder::choose(&config.video.encoder, board);
    let found = encoder.look();
    info!("the encoder is {}", encoder::explain(&encoder, &found, board));
    let capacity = match found {
        EncoderFound::Openh264 => Capacity::software(config.video.encoder_budget),
        _ => Capacity::Hardware(encoder::measure_hardware(&encoder)),
    };
    let scaler = scaler(&config.video.scaler, board);
    let video_config = video_config(&config, encoder, scaler);
    let video = Video::spawn(video_config, gate.watch(), tell(&inputs, Input::Video))?;
    reflex.wakes(video.waker());
    if matches!(capacity, Capacity::Software(_)) {
        encoder::measure(tell(&inputs, Input::EncoderSpeed)).context("no thread to measure on")?;
    }
    let silent_track = config.recording.silent_audio_track;
    let (microphone, speaker) = (config.audio.source.clone(), config.audio.speaker.clone());
    let listeners = sounds::Listeners {
        microphone: Box::new(tell(&inputs, Input::Microphone)),
        silence: Box::new(tell(&inputs, Input::Silence)),
        speaker: Box::new(tell(&inputs, Input::Speaker)),
    };
    let sounds = Sounds::spawn(microphone, speaker, silent_track, listeners)?;
    let motion = MotionWatch::spawn(
        config.motion.detector(),
        tell(&inputs, Input::Motion),
        outlet.score_teller(),
    );

    let seek = match places.shown_network.filter(|_| !is_paired) {
        Some(file) => Seek::spawn(file.to_owned(), tell(&inputs, Input::Seeks)),
        None => Seek::default(),
    };

    // Ports
    let (events, net) = mpsc::channel(NET_EVENTS);
    let port_help = |link, port| format!("{link} cannot listen on port {port}");
    let (address, port) = (config.hap.bind, config.hap.port);
    let hap_listener = net::listen(address, port).await.with_context(|| port_help("HAP", port))?;
    let port = config.hds.port;
    let hds_listener = net::listen(address, port).await.with_context(|| port_help("HDS", port))?;
    let (hap_at, hds_at) = (hap_listener.local_addr()?, hds_listener.local_addr()?);

    // Servers
    let uri = setup::payload(&identity.setup_code, &identity.setup_id, category);
    let pairing_help = PairingHelp { code: identity.setup_code.clone(), uri };
    let accessory = hap::Accessory {
        identity: identity.keys,
        setup_code: identity.setup_code,
        pairing_state,
        database: Arc::new(services::database(category)),
    };
    let hap = hap::Server::new(accessory, identity::fork(&mut rng));
    let hds = hds::Server::new(hds::Config {
        stalled_after: config.recording.stall(),
        ..hds::Config::default()
    });

    // Live view
    let (arrivals, datagrams) = mpsc::channel(DATAGRAMS);
    let source = Pictures {
        size: Size::new(config.video.width.get(), config.video.height.get()),
        fps: config.video.fps.get(),
    };
    let encodes = LiveEncodes::new(source, capacity);
    let live = LiveViews::new(config.live.clone(), encodes, &mut rng, arrivals);

    // mDNS
    let advertisement = Advertisement {
        name: config.name.as_str().to_owned(),
        model: MODEL.to_owned(),
        device_id,
        setup_id: identity.setup_id,
        category,
        config_number,
        is_paired,
    };
    let (announcer, published) = Announcer::new(advertisement, hap_at);
    let begun = if config.hap.advertise { Published::NotYet } else { Published::Off };
    let (tell_published, is_published) = watch::channel(begun);
    let advert = config.hap.advertise.then(|| tokio::spawn(advert::run(published, tell_published)));

    console::listening(hap_at, hds_at);
    if !is_paired {
        console::setup(&pairing_help);
    }
    info!(event = "started", version, is_paired, "started");

    let core = Core {
        gate,
        camera,
        hap,
        hds,
        recordings: Recordings::new(&config.recording),
        live,
        hap_connections: Connections::new(Link::Hap, events.clone()),
        hds_connections: Connections::new(Link::Hds, events),
        hds_port: hds_at.port(),
        saver: Saver::new(store, inputs.clone()),
        video,
        sounds,
        has_sound: false,
        motion,
        seek,
        announcer,
        pairing_help,
        rng,
        inputs,
        writes: Default::default(),
        next_write: 0,
        is_watching: false,
        is_capturing: false,
        end: None,
        listens_at: [hap_at, hds_at],
        control: Control::new(outlet, is_published, Instant::now()),
        hands,
    };
    let ports = Ports {
        signals,
        hap: hap_listener,
        hds: hds_listener,
        net,
        inputs: inbox,
        datagrams,
        advert,
        requests,
    };
    Ok(core.run(ports, first_actions).await)
}

fn camera_setup(
    config: &Config,
    category: Category,
    device_id: &hap::DeviceId,
    version: &str,
) -> anyhow::Result<Setup> {
    let labels = Labels {
        name: config.name.as_str().to_owned(),
        manufacturer: MANUFACTURER.to_owned(),
        model: MODEL.to_owned(),
        serial: device_id.as_str().replace(':', ""),
        firmware: version.to_owned(),
    };
    let offer = Offer::standard(config.recording.prebuffer_ms);
    let offer = match category {
        Category::Camera => offer,
        Category::VideoDoorbell => offer.for_doorbell(),
    };
    Ok(Setup {
        category,
        identity: services::Identity::new(labels)?,
        recording: if config.recording.offer_15_fps { offer } else { offer.at_30_fps_only() },
        live: if cfg!(feature = "live-aac-eld") {
            LiveOffer::standard().with_aac_eld()
        } else {
            LiveOffer::standard()
        },
        maximum_viewers: config.live.maximum_viewers,
        field_of_view: FieldOfView::try_from(FIELD_OF_VIEW_DEGREES)?,
    })
}

fn video_config(
    config: &Config,
    encoder: EncoderChoice,
    scaler: media::ScalerChoice,
) -> media::VideoConfig {
    let video = &config.video;
    let controls = video.controls;
    media::VideoConfig {
        source: video.source.clone(),
        size: Size::new(video.width.get(), video.height.get()),
        fps: video.fps.get().into(),
        encoder,
        scaler,
        look: media::Look {
            horizontal_flip: controls.horizontal_flip,
            vertical_flip: controls.vertical_flip,
            exposure_us: controls.exposure_us.map(NonZero::get),
            gain: controls.gain,
            white_balance_k: controls.white_balance_k.map(NonZero::get),
            crop: video.crop.map(Crop::rect),
        },
        snapshot_quality: config.snapshot.quality,
    }
}

/// The scaler that is used on this board.
pub fn scaler(wanted: &Scaler, board: &Board) -> media::ScalerChoice {
    match (wanted, &board.scaler) {
        (Scaler::Chosen(choice), _) => choice.clone(),
        (Scaler::OfTheBoard, Some(scaler)) => media::ScalerChoice::M2m(Some(scaler.name.clone())),
        (Scaler::OfTheBoard, None) => media::ScalerChoice::Software,
    }
}

/// The core hears of a hand after the gate.
fn hand_teller(reflex: &Arc<Reflex>, tell: Box<dyn Fn(HandEvent) + Send + Sync>) -> Tell {
    let reflex = Arc::clone(reflex);
    Arc::new(move |event| {
        reflex.feel(event);
        tell(event);
    })
}

/// A callback that sends to the core task; after its end, to nobody.
fn tell<E>(
    inputs: &mpsc::UnboundedSender<Input>,
    wrap: fn(E) -> Input,
) -> Box<dyn Fn(E) + Send + Sync>
where
    E: 'static,
{
    let inputs = inputs.clone();
    Box::new(move |event| {
        if inputs.send(wrap(event)).is_err() {
            tracing::debug!("media event after the end");
        }
    })
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures and archives: there as a whole, or not at all.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fake::SIZE;
use crate::house::{HSVCTL, House, Told};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_written_as_a_whole_and_over_older_ones() {
    let house = House::new().await;
    let folder = house.folder().join("out");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("old.jpg"), "old").unwrap();
    std::os::unix::fs::symlink("old.jpg", folder.join("link.jpg")).unwrap();
    house.run(&["snapshot", "out/new.jpg"]).says(&["picture written: out/new.jpg, 100 kB"]);
    house
        .run(&["snapshot", "out/link.jpg", "--width", "640", "--height", "360"])
        .says(&["written"]);
    house.run(&["diagnostics", "out/d.tar"]).says(&["archive written: out/d.tar"]);
    assert_eq!(names(&folder), ["d.tar", "link.jpg", "new.jpg", "old.jpg"]);
    for name in ["new.jpg", "old.jpg"] {
        let bytes = fs::read(folder.join(name)).unwrap();
        assert_eq!((bytes.len(), &bytes[..2]), (SIZE, &[0xff, 0xd8][..]), "{name}");
    }
    assert!(fs::symlink_metadata(folder.join("link.jpg")).unwrap().is_symlink(), "the link stays");
    assert_eq!(house.calls(), ["Snapshot(1920x1080)", "Snapshot(640x360)", "Diagnostics()"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_another_user_made_is_not_followed() {
    let house = House::new().await;
    let (file, link) = (house.folder().join("mine"), house.folder().join("theirs"));
    fs::write(&file, "mine").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can make a link somebody else's");
        return;
    }
    std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
    house.run(&["snapshot", "theirs"]).refuses(1, "theirs is a link that another user made");
    std::os::unix::fs::symlink("theirs", house.folder().join("through")).unwrap();
    house.run(&["snapshot", "through"]).refuses(1, "theirs is a link that another user made");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    std::os::unix::fs::symlink("loop", house.folder().join("loop")).unwrap();
    house.run(&["snapshot", "loop"]).refuses(1, "too many links");
    house.run(&["snapshot", "/dev/stdout"]).says(&["written"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dash_is_standard_output_and_devices_are_written_to() {
    let house = House::new().await;
    let out = house.command(&["snapshot", "-"]).output().unwrap();
    assert_eq!(
        (out.status.code(), out.stdout.len(), &out.stdout[..2]),
        (Some(0), SIZE, &[0xff, 0xd8][..])
    );
    house.run(&["snapshot", "/dev/null"]).says(&["written"]);
    assert!(!fs::metadata("/dev/null").unwrap().is_file(), "nothing was renamed over it");
    house.run(&["snapshot", "/dev/full"]).refuses(1, "the disk is full: /dev/full was not written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_is_no_fault() {
    let house = House::new().await;
    let mut child = house
        .command(&["snapshot", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 2];
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut first).unwrap();
    drop(pipe);
    let ended = Told::of(&child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.error.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_disk_refuses_is_told_and_leaves_nothing() {
    let house = House::new().await;
    house.run(&["snapshot", "none/x.jpg"]).refuses(1, "there is no such folder");
    fs::create_dir(house.folder().join("folder")).unwrap();
    house.run(&["snapshot", "folder"]).refuses(1, "is a folder");
    house.run(&["snapshot", "/proc/x.jpg"]).refuses(1, "/proc/x.jpg");
    let locked = house.folder().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write everywhere");
    } else {
        house.run(&["snapshot", "locked/x.jpg"]).refuses(1, "you may not write");
    }
    assert_eq!(names(&locked), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_keeps_the_older_file_and_nothing_else() {
    let house = House::new().await;
    let small = house.folder().join("small");
    fs::create_dir(&small).unwrap();
    // A disk of its own in a mount namespace of its own; 64 KiB hold no picture of 100 kB.
    let script = format!(
        "mount -t tmpfs -o size=64k none small || exit 77; echo old > small/x.jpg; \
         {HSVCTL} --bus {} snapshot small/x.jpg; echo \"ended $?\"; ls -A small; cat small/x.jpg",
        house.bus.address()
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).current_dir(house.folder());
    let told = Told::of(&command.output().unwrap());
    if told.code == 77 || told.error.contains("unshare failed") {
        println!("skipped: this machine lets nobody mount: {}", told.error);
        return;
    }
    told.says(&["ended 1\nx.jpg\nold\n"]);
    assert!(told.error.contains("the disk is full: "), "{told:?}");
    assert!(told.error.contains("nothing was left behind"), "{told:?}");
}

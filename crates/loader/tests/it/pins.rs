//! Maps that are shared through pins, on the running kernel.

use crate::support::{array, kernel, map, object, program, skip_without};
use bpfc_kabi::MapType;
use bpfc_loader::{Kernel, LoadOptions, Loaded, load};
use bpfc_object::{Map, Object, Pinning};
use std::path::PathBuf;

/// A folder in bpffs that goes away with all pins in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Option<Folder> {
        let path = PathBuf::from(format!("/sys/fs/bpf/bpfc-{name}-{}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => Some(Folder(path)),
            Err(error) => {
                skip_without(false, &format!("bpffs is not mounted: {error}"));
                None
            }
        }
    }

    fn options(&self) -> LoadOptions {
        LoadOptions { pin_folder: self.0.clone(), ..LoadOptions::default() }
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for name in self.names() {
            drop(std::fs::remove_file(self.0.join(name)));
        }
        drop(std::fs::remove_dir(&self.0));
    }
}

fn pinned(definition: Map) -> Object {
    object([Map { pinning: Pinning::ByName, ..definition }])
}

fn id(loaded: &Loaded) -> u32 {
    loaded.maps.iter().next().unwrap().id()
}

fn twice(definition: Map, kernel: &Kernel, options: &LoadOptions) {
    let name = definition.name.clone();
    let object = pinned(definition);
    let first = load(&object, kernel, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let second = load(&object, kernel, options)
        .unwrap_or_else(|error| panic!("{name}: {:?}", error.to_diagnostic()));
    assert_eq!(id(&first), id(&second), "{name}");
}

/// The kernel changes numbers of some maps when it makes them.
#[test]
fn maps_that_the_kernel_rounds_are_found_again() {
    let Some(kernel) = kernel() else { return };
    let Some(folder) = Folder::new("rounded") else { return };
    let options = folder.options();
    let per_cpu_lists = 1 << 1; // BPF_F_NO_COMMON_LRU
    twice(map("ring", MapType::Ringbuf, 0, 0, 5000), &kernel, &options);
    twice(map("events", MapType::PerfEventArray, 0, 0, 0), &kernel, &options);
    twice(map("devices", MapType::Devmap, 4, 4, 4), &kernel, &options);
    let lru = map("lru", MapType::LruHash, 4, 4, 1001);
    twice(Map { map_flags: per_cpu_lists, ..lru }, &kernel, &options);
    twice(map("calls", MapType::ProgArray, 0, 0, 4), &kernel, &options);
}

#[test]
fn other_flags_and_entries_are_another_shape() {
    let Some(kernel) = kernel() else { return };
    let Some(folder) = Folder::new("shapes") else { return };
    let options = folder.options();
    let hash = || map("flows", MapType::Hash, 4, 8, 16);
    let first = load(&pinned(hash()), &kernel, &options).unwrap();
    for other in [
        Map { map_flags: 1, ..hash() },
        Map { max_entries: 17, ..hash() },
        Map { key_size_bytes: 8, ..hash() },
        map("flows", MapType::LruHash, 4, 8, 16),
    ] {
        let error = load(&pinned(other), &kernel, &options).unwrap_err();
        assert_eq!(error.code().name(), "E0925", "{error}");
    }
    assert_eq!(id(&load(&pinned(hash()), &kernel, &options).unwrap()), id(&first));
}

#[test]
fn pins_of_failed_loads_go_away() {
    let Some(kernel) = kernel() else { return };
    let Some(folder) = Folder::new("failed") else { return };
    let options = folder.options();
    let shared = || Map { pinning: Pinning::ByName, ..array("kept", 8, 1) };
    let good = "r0 = 0\nexit";
    // Returns what was never written.
    let bad = "exit";
    load(&program([shared()], "socket", bad), &kernel, &options).unwrap_err();
    assert_eq!(folder.names(), [""; 0]);
    load(&program([shared()], "socket", good), &kernel, &options).unwrap();
    load(&program([shared()], "socket", bad), &kernel, &options).unwrap_err();
    assert_eq!(folder.names(), ["kept"], "a pin that was there before stays");
}

#[test]
fn places_that_hold_no_pins_are_explained() {
    let Some(kernel) = kernel() else { return };
    let at = |folder: PathBuf| {
        let options = LoadOptions { pin_folder: folder, ..LoadOptions::default() };
        let error = load(&pinned(array("a", 4, 1)), &kernel, &options).unwrap_err();
        format!("{:?}", error.to_diagnostic())
    };
    let plain = std::env::temp_dir().join(format!("bpfc-places-{}", std::process::id()));
    std::fs::create_dir(&plain).unwrap();
    let no_bpffs = at(plain.clone());
    std::fs::write(plain.join("a"), "no pin").unwrap();
    let no_pin = at(plain.clone());
    std::fs::remove_dir_all(&plain).unwrap();
    assert!(no_bpffs.contains("only a bpffs holds pins"), "{no_bpffs}");
    assert!(no_pin.contains("it is in no bpffs"), "{no_pin}");
    let Some(folder) = Folder::new("places") else { return };
    let no_folder = at(folder.0.join("missing"));
    assert!(no_folder.contains("its folder does not exist"), "{no_folder}");
}

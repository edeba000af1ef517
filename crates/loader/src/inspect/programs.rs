//! Programs by their ids.

use crate::sys::bpf;
use crate::sys::ids::{self, Kind, text};
use crate::{Errno, LoadError};
use bpfc_btf::{Btf, Type, TypeId};
use bpfc_kabi::ProgType;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Bytes of a name that the kernel keeps.
const SHORT_NAME: usize = 15;

/// A program in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelProgram {
    /// The kernel's number for it.
    pub id: u32,
    /// Its name; whole if it came with types, else cut to 15 bytes.
    pub name: String,
    /// `BPF_PROG_TYPE_*`.
    pub prog_type: u32,
    /// A hash of its instructions, as the kernel prints it.
    pub tag: String,
    /// When it was loaded: nanoseconds since the start of the machine.
    pub loaded_ns: u64,
    /// The user who loaded it.
    pub uid: u32,
    /// Whether its licence is compatible with the GPL.
    pub is_gpl: bool,
    /// Its maps.
    pub map_ids: Vec<u32>,
    /// Its types, if it came with some.
    pub btf_id: Option<u32>,
    /// Instructions that the verifier went through, each as often as it did (5.16).
    pub n_verified: Option<u32>,
    /// Size of its instructions in bytes.
    pub insns_bytes: u32,
    /// Size of the machine code that was made of them; 0 without.
    pub machine_code_bytes: u32,
    /// Memory that the kernel charges for it, in bytes.
    pub memory_bytes: Option<u64>,
    /// How often it ran, while the kernel counts (`sysctl kernel.bpf_stats_enabled`).
    pub n_runs: u64,
    /// How long it ran, all in all, in nanoseconds, while the kernel counts.
    pub run_ns: u64,
    /// How often it was left out because it was running already (5.12).
    pub n_missed: u64,
}

impl KernelProgram {
    /// Asks for a program by its id; `None` if there is none (any more). Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn open(id: u32) -> Result<Option<KernelProgram>, LoadError> {
        let failed = |errno| LoadError::System {
            operation: "open",
            subject: format!("the program with id {id}"),
            errno,
        };
        match ids::open(Kind::Program, id) {
            Ok(fd) => of(&fd).map(Some).map_err(failed),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// Its type, if it is a known one.
    pub fn kind(&self) -> Option<ProgType> {
        ProgType::from_number(self.prog_type)
    }
}

fn of(fd: &OwnedFd) -> Result<KernelProgram, Errno> {
    let info = bpf::prog_info(fd)?;
    let short = text(&info.name);
    let name = match short.len() < SHORT_NAME {
        true => short,
        false => whole_name(fd, info.btf_id).unwrap_or(short),
    };
    Ok(KernelProgram {
        id: info.id,
        name,
        prog_type: info.prog_type,
        tag: info.tag.iter().map(|byte| format!("{byte:02x}")).collect(),
        loaded_ns: info.load_time,
        uid: info.created_by_uid,
        is_gpl: info.gpl_compatible & 1 != 0,
        map_ids: if info.nr_map_ids == 0 { Vec::new() } else { ids::maps_of(fd.as_fd())? },
        btf_id: (info.btf_id != 0).then_some(info.btf_id),
        n_verified: (info.verified_insns != 0).then_some(info.verified_insns),
        insns_bytes: info.xlated_prog_len,
        machine_code_bytes: info.jited_prog_len,
        memory_bytes: memory(fd),
        n_runs: info.run_cnt,
        run_ns: info.run_time_ns,
        n_missed: info.recursion_misses,
    })
}

/// The name of the function in the program's types.
fn whole_name(fd: &OwnedFd, btf_id: u32) -> Option<String> {
    let ty = ids::entry_type(fd.as_fd()).ok()??;
    let btf = Btf::parse(ids::btf_of(btf_id).ok()?).ok()?;
    match btf.ty(TypeId(ty)).ok()? {
        Type::Func { .. } => Some(btf.name(TypeId(ty)).to_owned()),
        _ => None,
    }
}

/// `memlock` of the file descriptor's information, in bytes.
fn memory(fd: &OwnedFd) -> Option<u64> {
    let path = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("memlock:")?.trim().parse().ok())
}

//! The members of `union bpf_attr`, one struct per command, and what `BPF_OBJ_GET_INFO_BY_FD`
//! fills in. Layouts: `include/uapi/linux/bpf.h` (6.12). No struct has padding: the kernel
//! refuses an attribute whose unused bytes are not zero.

/// Commands of `bpf(2)` (`enum bpf_cmd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Command {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    ProgLoad = 5,
    ObjPin = 6,
    ObjGet = 7,
    ProgAttach = 8,
    ProgDetach = 9,
    ProgTestRun = 10,
    ProgNextId = 11,
    MapNextId = 12,
    ProgById = 13,
    MapFdById = 14,
    ObjInfo = 15,
    ProgQuery = 16,
    RawTracepointOpen = 17,
    BtfLoad = 18,
    BtfFdById = 19,
    MapLookupAndDelete = 21,
    MapFreeze = 22,
    BtfNextId = 23,
    MapLookupBatch = 24,
    MapLookupAndDeleteBatch = 25,
    MapUpdateBatch = 26,
    MapDeleteBatch = 27,
    LinkCreate = 28,
    LinkFdById = 30,
    LinkNextId = 31,
    IterCreate = 33,
    LinkDetach = 34,
    ProgStreamRead = 37,
}

/// Length of an object's name with its NUL: `BPF_OBJ_NAME_LEN`.
pub(crate) const NAME_BYTES: usize = 16;

/// A name cut to 15 bytes, as the kernel takes it: letters, digits, `_` and `.`
/// (`bpf_obj_name_cpy`, `kernel/bpf/syscall.c`, 5.2). Other characters become `_`.
pub(crate) fn object_name(name: &str) -> [u8; NAME_BYTES] {
    let mut bytes = [0; NAME_BYTES];
    for (to, from) in bytes.iter_mut().zip(name.bytes()).take(NAME_BYTES - 1) {
        let is_plain = from.is_ascii_alphanumeric() || from == b'_' || from == b'.';
        *to = if is_plain { from } else { b'_' };
    }
    bytes
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct MapCreate {
    pub map_type: u32,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub map_flags: u32,
    pub inner_map_fd: u32,
    pub numa_node: u32,
    pub map_name: [u8; NAME_BYTES],
    pub map_ifindex: u32,
    pub btf_fd: u32,
    pub btf_key_type_id: u32,
    pub btf_value_type_id: u32,
    pub btf_vmlinux_value_type_id: u32,
    pub map_extra: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct MapElem {
    pub map_fd: u32,
    pub zero: u32,
    pub key: u64,
    /// The value, or where the next key goes.
    pub value: u64,
    pub flags: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct MapBatch {
    pub in_batch: u64,
    pub out_batch: u64,
    pub keys: u64,
    pub values: u64,
    pub count: u32,
    pub map_fd: u32,
    pub elem_flags: u64,
    pub flags: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct ProgLoad {
    pub prog_type: u32,
    pub insn_cnt: u32,
    pub insns: u64,
    pub license: u64,
    pub log_level: u32,
    pub log_size: u32,
    pub log_buf: u64,
    pub kern_version: u32,
    pub prog_flags: u32,
    pub prog_name: [u8; NAME_BYTES],
    pub prog_ifindex: u32,
    pub expected_attach_type: u32,
    pub prog_btf_fd: u32,
    pub func_info_rec_size: u32,
    pub func_info: u64,
    pub func_info_cnt: u32,
    pub line_info_rec_size: u32,
    pub line_info: u64,
    pub line_info_cnt: u32,
    pub attach_btf_id: u32,
    pub attach_btf_obj_fd: u32,
    pub core_relo_cnt: u32,
    pub fd_array: u64,
    pub core_relos: u64,
    pub core_relo_rec_size: u32,
    pub log_true_size: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Obj {
    pub pathname: u64,
    pub bpf_fd: u32,
    pub file_flags: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct TestRun {
    pub prog_fd: u32,
    pub retval: u32,
    pub data_size_in: u32,
    pub data_size_out: u32,
    pub data_in: u64,
    pub data_out: u64,
    pub repeat: u32,
    pub duration: u32,
    pub ctx_size_in: u32,
    pub ctx_size_out: u32,
    pub ctx_in: u64,
    pub ctx_out: u64,
    pub flags: u32,
    pub cpu: u32,
    pub batch_size: u32,
    pub zero: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Info {
    pub bpf_fd: u32,
    pub info_len: u32,
    pub info: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct RawTracepoint {
    pub name: u64,
    pub prog_fd: u32,
    pub zero: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct BtfLoad {
    pub btf: u64,
    pub btf_log_buf: u64,
    pub btf_size: u32,
    pub btf_log_size: u32,
    pub btf_log_level: u32,
    pub btf_log_true_size: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct LinkCreate {
    pub prog_fd: u32,
    /// A file descriptor or an interface's index.
    pub target: u32,
    pub attach_type: u32,
    pub flags: u32,
    /// The cookie of a perf event link.
    pub cookie: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Id {
    /// For `BPF_LINK_DETACH` the file descriptor.
    pub id: u32,
}

/// The beginning of `struct bpf_map_info` (5.16). Kernels that know less leave the rest at zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MapInfo {
    pub map_type: u32,
    pub id: u32,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub map_flags: u32,
    pub name: [u8; NAME_BYTES],
    pub ifindex: u32,
    pub btf_vmlinux_value_type_id: u32,
    pub netns_dev: u64,
    pub netns_ino: u64,
    pub btf_id: u32,
    pub btf_key_type_id: u32,
    pub btf_value_type_id: u32,
    pub btf_vmlinux_id: u32,
    pub map_extra: u64,
}

/// `struct bpf_btf_info` (4.18; the name 5.11).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BtfInfo {
    /// Where the bytes go.
    pub btf: u64,
    /// Room for them; then how many there are.
    pub btf_size: u32,
    pub id: u32,
    pub name: u64,
    pub name_bytes: u32,
    pub is_kernel: u32,
}

/// For `BPF_PROG_STREAM_READ_BY_FD` (6.17).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct StreamRead {
    pub stream_buf: u64,
    pub stream_buf_len: u32,
    pub stream_id: u32,
    pub prog_fd: u32,
    pub zero: u32,
}

/// For `BPF_*_GET_NEXT_ID` and `BPF_*_GET_FD_BY_ID`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct ById {
    /// The id, or where to start.
    pub id: u32,
    pub next_id: u32,
    pub open_flags: u32,
}

/// `struct bpf_prog_info` (4.13; `verified_insns` 5.16). Kernels that know less leave the rest at zero; buffers without
/// room are not filled.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct ProgInfo {
    pub prog_type: u32,
    pub id: u32,
    pub tag: [u8; 8],
    pub jited_prog_len: u32,
    pub xlated_prog_len: u32,
    pub jited_prog_insns: u64,
    pub xlated_prog_insns: u64,
    /// Nanoseconds since the start of the machine.
    pub load_time: u64,
    pub created_by_uid: u32,
    pub nr_map_ids: u32,
    pub map_ids: u64,
    pub name: [u8; NAME_BYTES],
    pub ifindex: u32,
    pub gpl_compatible: u32,
    pub netns_dev: u64,
    pub netns_ino: u64,
    pub nr_jited_ksyms: u32,
    pub nr_jited_func_lens: u32,
    pub jited_ksyms: u64,
    pub jited_func_lens: u64,
    pub btf_id: u32,
    pub func_info_rec_size: u32,
    pub func_info: u64,
    pub nr_func_info: u32,
    pub nr_line_info: u32,
    pub line_info: u64,
    pub jited_line_info: u64,
    pub nr_jited_line_info: u32,
    pub line_info_rec_size: u32,
    pub jited_line_info_rec_size: u32,
    pub nr_prog_tags: u32,
    pub prog_tags: u64,
    pub run_time_ns: u64,
    pub run_cnt: u64,
    pub recursion_misses: u64,
    pub verified_insns: u32,
    pub attach_btf_obj_id: u32,
    pub attach_btf_id: u32,
    pub zero: u32,
}

/// `struct bpf_link_info` (5.8); what it holds depends on the type.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LinkInfo {
    pub link_type: u32,
    pub id: u32,
    pub prog_id: u32,
    pub zero: u32,
    /// From byte 16 on.
    pub rest: [u64; 6],
}

/// Structs made of integers only, without padding, for which any bytes are a value.
///
/// # Safety
/// The implementer has no padding and no pointers.
pub(crate) unsafe trait Plain: Copy + Default {}

// SAFETY: integers only, and the sizes below leave no room for padding.
unsafe impl Plain for MapInfo {}
// SAFETY: integers without padding.
unsafe impl Plain for BtfInfo {}
// SAFETY: as above.
unsafe impl Plain for ProgInfo {}
// SAFETY: as above.
unsafe impl Plain for LinkInfo {}

const _: () = {
    assert!(size_of::<MapCreate>() == 72);
    assert!(size_of::<MapElem>() == 32);
    assert!(size_of::<MapBatch>() == 56);
    assert!(size_of::<ProgLoad>() == 144);
    assert!(size_of::<TestRun>() == 80);
    assert!(size_of::<RawTracepoint>() == 16);
    assert!(size_of::<BtfLoad>() == 32);
    assert!(size_of::<LinkCreate>() == 24);
    assert!(size_of::<MapInfo>() == 88);
    assert!(size_of::<BtfInfo>() == 32);
    assert!(size_of::<ProgInfo>() == 232);
    assert!(std::mem::offset_of!(ProgInfo, btf_id) == 128);
    assert!(std::mem::offset_of!(ProgInfo, verified_insns) == 216);
    assert!(size_of::<LinkInfo>() == 64);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(&object_name("counters")[..9], b"counters\0");
        assert_eq!(&object_name("a_very_long_name_of_a_map"), b"a_very_long_nam\0");
        assert_eq!(&object_name("a-b c.d")[..8], b"a_b_c.d\0");
    }
}

//! Ring buffers.
//!
//! Records lie in memory as in the kernel's buffer, each after an 8-byte header, so that a buffer is
//! full exactly when the kernel's would be. The reader is given each record as soon as all before it
//! are committed; the space becomes free when the run ends.

use super::{Maps, Storage};
use crate::memory::{Memory, Parts, address};
use std::collections::VecDeque;

/// `BPF_RINGBUF_HDR_SZ` (Linux 5.8 `include/uapi/linux/bpf.h`).
const HEADER_BYTES: u64 = 8;
/// `RINGBUF_MAX_RECORD_SZ` (Linux 5.8 `kernel/bpf/ringbuf.c`).
const MAX_RECORD_BYTES: u64 = u32::MAX as u64 / 4;

/// Positions in the buffer, and records that the reader has not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ringbuf {
    capacity: u64,
    producer: u64,
    consumer: u64,
    records: VecDeque<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    position: u64,
    n_bytes: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reserved,
    Submitted,
    Discarded,
}

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    Submit,
    Discard,
}

impl Ringbuf {
    pub fn new(capacity: u32) -> Ringbuf {
        Ringbuf {
            capacity: u64::from(capacity),
            producer: 0,
            consumer: 0,
            records: VecDeque::new(),
        }
    }

    /// Reserves a record; the index of its first byte (`__bpf_ringbuf_reserve`, Linux 6.12).
    fn reserve(&mut self, n_bytes: u64) -> Option<u32> {
        if n_bytes > MAX_RECORD_BYTES {
            return None;
        }
        let length = (n_bytes + HEADER_BYTES).next_multiple_of(8);
        let end = self.producer + length;
        let oldest = self.records.front().map_or(self.producer, |record| record.position);
        let mask = self.capacity - 1;
        if length > self.capacity || end - self.consumer > mask || end - oldest > mask {
            return None;
        }
        self.records.push_back(Record {
            position: self.producer,
            n_bytes: n_bytes as u32,
            state: State::Reserved,
        });
        let start = (self.producer & mask) + HEADER_BYTES;
        self.producer = end;
        Some(start as u32)
    }

    fn start(&self, record: &Record) -> u32 {
        ((record.position & (self.capacity - 1)) + HEADER_BYTES) as u32
    }

    /// Ends the reserved record that starts at index `start`; whether there is one.
    fn commit(&mut self, start: u32, commit: Commit) -> bool {
        let mask = self.capacity - 1;
        let record = self.records.iter_mut().find(|record| {
            let record_start = ((record.position & mask) + HEADER_BYTES) as u32;
            record.state == State::Reserved && record_start == start
        });
        let Some(record) = record else {
            return false;
        };
        record.state = match commit {
            Commit::Submit => State::Submitted,
            Commit::Discard => State::Discarded,
        };
        true
    }

    /// What `bpf_ringbuf_query` answers.
    pub fn query(&self, what: u64) -> u64 {
        match what {
            0 => self.producer - self.consumer,
            1 => self.capacity,
            2 => self.consumer,
            3 => self.producer,
            _ => 0,
        }
    }
}

impl Maps {
    /// The address of a new record in the ring buffer `idx`; 0 if it is full.
    pub fn ringbuf_reserve(&mut self, memory: &mut Memory, idx: u32, n_bytes: u64) -> u64 {
        let map = self.get_mut(idx);
        let number = map.values;
        let Storage::Ringbuf(ringbuf) = &mut map.storage else {
            return 0;
        };
        let Some(start) = ringbuf.reserve(n_bytes) else {
            return 0;
        };
        if let Parts::Spans(spans) = &mut memory.region_mut(number).parts {
            spans.push(start..start + n_bytes as u32);
        }
        address(number, start)
    }

    /// The ring buffer that has a reserved record at `record`.
    pub fn ringbuf_of(&self, record: u64) -> Option<u32> {
        let (number, start) = crate::memory::locate(record);
        (0..self.len()).find(|&idx| {
            let map = self.get(idx);
            let is_reserved = |ringbuf: &Ringbuf| {
                ringbuf
                    .records
                    .iter()
                    .any(|record| record.state == State::Reserved && ringbuf.start(record) == start)
            };
            map.values == number
                && matches!(&map.storage, Storage::Ringbuf(ringbuf) if is_reserved(ringbuf))
        })
    }

    /// Ends a record; the records that the reader sees now.
    pub fn ringbuf_commit(
        &mut self,
        memory: &mut Memory,
        idx: u32,
        record: u64,
        commit: Commit,
    ) -> Vec<Vec<u8>> {
        let (number, start) = crate::memory::locate(record);
        let map = self.get_mut(idx);
        let Storage::Ringbuf(ringbuf) = &mut map.storage else {
            return Vec::new();
        };
        if !ringbuf.commit(start, commit) {
            return Vec::new();
        }
        let region = memory.region_mut(number);
        if let Parts::Spans(spans) = &mut region.parts
            && let Some(at) = spans.iter().position(|span| span.start == start)
        {
            spans.remove(at);
        }
        let mut seen = Vec::new();
        while let Some(record) = ringbuf.records.front() {
            let start = ringbuf.start(record) as usize;
            match record.state {
                State::Reserved => break,
                State::Discarded => {}
                State::Submitted => {
                    let range = start..start + record.n_bytes as usize;
                    seen.push(region.bytes.get(range).unwrap_or(&[]).to_vec());
                }
            }
            ringbuf.records.pop_front();
        }
        seen
    }

    /// Lets the readers of all ring buffers catch up.
    pub fn ringbufs_consume(&mut self) {
        for idx in 0..self.len() {
            if let Storage::Ringbuf(ringbuf) = &mut self.get_mut(idx).storage {
                let oldest = ringbuf.records.front();
                ringbuf.consumer = oldest.map_or(ringbuf.producer, |record| record.position);
            }
        }
    }
}

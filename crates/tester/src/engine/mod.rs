//! The engines: the virtual machine and the running kernel.

mod kernel;
mod machine;
mod outside;

use bpfc_base::Diagnostic;
use bpfc_object::{DataId, FuncId, MapId};

pub use kernel::{Real, is_root};
pub use machine::Machine;
pub use outside::Outside;

/// What runs programs. Errors are in words.
pub trait Engine {
    /// Runs a program once. An error is a fault.
    fn run(&mut self, program: FuncId, input: &Given) -> Result<Gave, Fault>;
    /// The values of a key: one, or one for each CPU.
    fn lookup(&mut self, map: MapId, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String>;
    /// Sets an element: on every CPU to the same value.
    fn update(&mut self, map: MapId, key: &[u8], value: &[u8]) -> Result<(), String>;
    /// Removes an element that is there.
    fn delete(&mut self, map: MapId, key: &[u8]) -> Result<(), String>;
    /// The content of a data section.
    fn data(&mut self, section: DataId) -> Result<Vec<u8>, String>;
    /// Changes a part of a data section.
    fn set_data(&mut self, section: DataId, offset: usize, bytes: &[u8]) -> Result<(), String>;
    /// Sets a fact of the world, such as `pid`.
    fn set_fact(&mut self, name: &str, fact: &Fact) -> Result<(), Fault>;
    /// Lets a helper return values, one after the other.
    fn mock(&mut self, helper: u32, returns: &[u64]) -> Result<(), Fault>;
    /// The next record of a ring buffer or perf event array.
    fn event(&mut self, map: MapId) -> Option<Vec<u8>>;
    /// The next line that a program printed.
    fn printk(&mut self) -> Printed;
}

/// What a run is given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The packet, from its Ethernet header on.
    pub packet: Option<Vec<u8>>,
    /// The first bytes of the context.
    pub context: Vec<u8>,
    /// Arguments of the traced function.
    pub args: Vec<u64>,
    /// What the traced function returned.
    pub return_value: u64,
}

/// What a run gave.
#[derive(Clone, Debug, Default)]
pub struct Gave {
    /// The low 32 bits of what it returned.
    pub result: u32,
    /// The packet afterwards, if it takes one.
    pub packet: Option<Vec<u8>>,
    /// The context afterwards.
    pub context: Vec<u8>,
    /// Where it redirected to.
    pub redirect: Redirect,
}

/// Where a run redirected its packet to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirect {
    /// It did not.
    #[default]
    Nowhere,
    /// To this interface, or to what this key of a map stands for.
    To(u64),
    /// This engine cannot know.
    Unknown,
}

/// Why a run did not end as programs do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In words, behind the code of a fault.
    pub text: String,
    /// Whether the engine cannot do it at all, so that nothing was tested.
    pub is_unsupported: bool,
    /// With its place, if the engine knows that.
    pub diagnostic: Option<Box<Diagnostic>>,
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Fault { text, is_unsupported: false, diagnostic: None }
    }
}

impl Fault {
    /// What this engine cannot do.
    pub fn unsupported(text: &str) -> Fault {
        Fault { text: text.to_owned(), is_unsupported: true, diagnostic: None }
    }
}

/// A fact of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A number.
    Number(u64),
    /// A name.
    Text(String),
}

/// What is known of printed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed {
    /// The next line.
    Line(String),
    /// There is none.
    Nothing,
    /// This engine cannot know.
    Unknown,
}

/// The packet of runs that give none, as the virtual machine has it.
const DEFAULT_PACKET: [u8; 64] = [0; 64];

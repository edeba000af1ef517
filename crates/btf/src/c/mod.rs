//! Prints types as C declarations that compile and have the same layout.
//!
//! [`type_name`] is for messages, [`definition`] for one type, [`definitions`] for types with
//! everything they need, in an order that compiles. Names that occur twice get `___2`, `___3`.

mod body;
mod names;

use std::collections::{BTreeMap, VecDeque};

use crate::error::BtfError;
use crate::format::{MAX_DEPTH, TypeId};
use crate::query::Budget;
use crate::reader::Btf;
use crate::types::Type;
use body::{Anonymous, Printer};

/// What to do about structs and unions that are only pointed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointees {
    /// Declare them: `struct x;`.
    Declare,
    /// Define them too, and what they point to in turn.
    Define,
}

/// A declaration of `declarator` (a name, or nothing for the type alone) with this type, such as
/// `const char *(*argv)[3]`. Anonymous types are shortened to `struct { ... }`.
///
/// # Errors
/// [`BtfError::NoSuchType`], [`BtfError::TooDeep`].
pub fn type_name(btf: &Btf, id: TypeId, declarator: &str) -> Result<String, BtfError> {
    Printer::new(btf, id, Anonymous::Short).declaration(id, declarator, 0)
}

/// The definition of one type, with a semicolon and a newline; empty for types that have none of
/// their own (pointers, arrays, qualified types and so on).
///
/// # Errors
/// [`BtfError::NoSuchType`], [`BtfError::TooDeep`].
pub fn definition(btf: &Btf, id: TypeId) -> Result<String, BtfError> {
    Printer::new(btf, id, Anonymous::Body).definition(id)
}

/// The definitions of these types after all that they need.
///
/// # Errors
/// [`BtfError::NoSuchType`], [`BtfError::TooDeep`].
pub fn definitions(btf: &Btf, ids: &[TypeId], pointees: Pointees) -> Result<String, BtfError> {
    definitions_beside(btf, ids, pointees, &[])
}

/// Like [`definitions`], where something else defines the types with the names `known`.
///
/// # Errors
/// [`BtfError::NoSuchType`], [`BtfError::TooDeep`].
pub fn definitions_beside(
    btf: &Btf,
    ids: &[TypeId],
    pointees: Pointees,
    known: &[&str],
) -> Result<String, BtfError> {
    let root = ids.first().copied().unwrap_or_default();
    let mut order = Order {
        btf,
        printer: Printer::new(btf, root, Anonymous::Body),
        states: BTreeMap::new(),
        waiting: VecDeque::new(),
        out: String::new(),
        root,
        known,
    };
    for &id in ids {
        order.need(id, Level::Complete, 0)?;
        if pointees == Pointees::Declare {
            order.waiting.clear();
        }
        while let Some(id) = order.waiting.pop_front() {
            order.need(id, Level::Complete, 0)?;
        }
    }
    Ok(order.out)
}

/// Declares names one after the other, with the bodies of types that have no name.
///
/// The enumerators of an anonymous enumeration are printed once: C allows no second time.
pub struct Declarations<'a>(Printer<'a>);

impl<'a> Declarations<'a> {
    /// Declarations with the types of `btf`.
    pub fn new(btf: &'a Btf) -> Self {
        Declarations(Printer::new(btf, TypeId::VOID, Anonymous::Body))
    }

    /// A declaration of `declarator` with this type. Lines of a body but the first are indented by `depth` tabs.
    ///
    /// # Errors
    /// [`BtfError::NoSuchType`], [`BtfError::TooDeep`].
    pub fn declare(
        &mut self,
        id: TypeId,
        declarator: &str,
        depth: u32,
    ) -> Result<String, BtfError> {
        self.0.declaration(id, declarator, depth)
    }
}

/// How much of a type must be known before it is mentioned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Its name.
    Declared,
    /// Its size.
    Complete,
}

/// How far a named type has got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Declared,
    /// Its members are being defined.
    Started,
    Defined,
}

/// Deepest chain of types that need each other before anything can be printed.
const MAX_NEEDS: u32 = 4 * MAX_DEPTH;

/// Prints each definition after those it needs.
struct Order<'a> {
    btf: &'a Btf,
    printer: Printer<'a>,
    states: BTreeMap<TypeId, State>,
    /// Structs and unions that were declared for a pointer.
    waiting: VecDeque<TypeId>,
    out: String,
    root: TypeId,
    /// Names of types that are defined elsewhere.
    known: &'a [&'a str],
}

impl Order<'_> {
    /// Prints what must stand before a mention of `id`.
    fn need(&mut self, id: TypeId, level: Level, depth: u32) -> Result<(), BtfError> {
        if depth > MAX_NEEDS {
            return Err(BtfError::TooDeep { id: self.root });
        }
        let next = depth + 1;
        let ty = self.btf.ty(id)?;
        if !ty.name().is_empty() && self.known.contains(&ty.name()) {
            return Ok(());
        }
        match ty {
            Type::Ptr { target } => self.need(target, Level::Declared, next),
            Type::Const { target }
            | Type::Volatile { target }
            | Type::Restrict { target }
            | Type::TypeTag { target, .. } => self.need(target, level, next),
            Type::Array { element, .. } => self.need(element, Level::Complete, next),
            Type::FuncProto(proto) => {
                self.need(proto.ret(), Level::Declared, next)?;
                proto.params().try_for_each(|param| self.need(param.ty, Level::Declared, next))
            }
            Type::Typedef { target, .. } => self.need_typedef(id, target, level, next),
            Type::Struct(composite) | Type::Union(composite) => {
                if composite.name().is_empty() {
                    return self.need_members(id, next);
                }
                self.need_composite(id, level, next)
            }
            Type::Enum(enumeration) | Type::Enum64(enumeration) => {
                let is_first = self.states.insert(id, State::Defined).is_none();
                if is_first && (!enumeration.name().is_empty() || depth == 0) {
                    self.out.push_str(&self.printer.definition(id)?);
                }
                Ok(())
            }
            Type::Fwd { .. } => {
                if self.states.insert(id, State::Declared).is_none() {
                    self.out.push_str(&self.printer.definition(id)?);
                }
                Ok(())
            }
            Type::Func { proto: target, .. } | Type::Var { ty: target, .. } => {
                if self.states.insert(id, State::Defined).is_some() {
                    return Ok(());
                }
                self.need(target, Level::Declared, next)?;
                self.out.push_str(&self.printer.definition(id)?);
                Ok(())
            }
            Type::DataSec(section) => {
                section.vars().try_for_each(|var| self.need(var.var, Level::Declared, next))
            }
            Type::Void
            | Type::Int(_)
            | Type::Float { .. }
            | Type::DeclTag { .. }
            | Type::Unknown { .. } => Ok(()),
        }
    }

    fn need_typedef(
        &mut self,
        id: TypeId,
        target: TypeId,
        level: Level,
        depth: u32,
    ) -> Result<(), BtfError> {
        if !self.states.contains_key(&id) {
            self.states.insert(id, State::Started);
            self.need(target, Level::Declared, depth)?;
            self.states.insert(id, State::Defined);
            self.out.push_str(&self.printer.definition(id)?);
        }
        if level == Level::Complete { self.need(target, level, depth) } else { Ok(()) }
    }

    fn need_composite(&mut self, id: TypeId, level: Level, depth: u32) -> Result<(), BtfError> {
        let state = self.states.get(&id).copied();
        if level == Level::Declared {
            if state.is_none() {
                self.states.insert(id, State::Declared);
                self.waiting.push_back(id);
                self.out.push_str(&self.printer.forward(id)?);
            }
            return Ok(());
        }
        if state >= Some(State::Started) {
            // Defined, or contains itself, which no compiler can print.
            return Ok(());
        }
        self.states.insert(id, State::Started);
        self.need_members(id, depth)?;
        self.states.insert(id, State::Defined);
        self.out.push_str(&self.printer.definition(id)?);
        Ok(())
    }

    fn need_members(&mut self, id: TypeId, depth: u32) -> Result<(), BtfError> {
        let Some(composite) = self.btf.ty(id)?.composite() else {
            return Ok(());
        };
        for member in composite.members() {
            self.printer.budget().spend(0)?;
            self.need(member.ty, Level::Complete, depth)?;
        }
        Ok(())
    }
}

/// The budget of one print.
fn budget(root: TypeId) -> Budget {
    Budget::new(root)
}

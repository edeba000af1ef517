//! Objects that expressions read and statements change.

use super::expr::Expr;
use super::types::{Int, Type};
use super::{Generator, Var};

/// A path to an object.
#[derive(Clone, Debug)]
pub struct Place {
    pub text: String,
    pub ty: Type,
    /// The width of a bit-field.
    pub width: Option<u32>,
    /// Its address may be taken, and has its type's alignment.
    pub is_addressable: bool,
    /// The index of the variable that the path starts from.
    pub var: usize,
}

impl Place {
    /// Its integer type.
    pub fn int(&self) -> Int {
        match self.ty {
            Type::Int(int) => int,
            Type::Enum(_) => Int::U32,
            _ => unreachable!("paths that are asked for integers end in them"),
        }
    }

    /// Its value. Promotion of wide bit-fields differs between compilers.
    pub fn read(&self) -> Expr {
        let int = self.int();
        match self.width {
            Some(width) if width > 32 => {
                Expr { text: format!("({}){}", int.name(), self.text), ty: int }
            }
            Some(width) if width < 32 || int.is_signed => {
                Expr { text: self.text.clone(), ty: Int::S32 }
            }
            Some(_) => Expr { text: self.text.clone(), ty: Int::U32 },
            None => Expr { text: self.text.clone(), ty: int },
        }
    }
}

impl Generator {
    /// An integer that can be read, or written if so wanted.
    pub fn int_place(&mut self, is_written: bool) -> Option<Place> {
        for _ in 0..8 {
            if let Some(place) = self.any_place(is_written)
                && matches!(place.ty, Type::Int(_) | Type::Enum(_))
            {
                return Some(place);
            }
        }
        None
    }

    /// An integer of 32 or 64 bits with an address, for atomic operations: of a global variable or
    /// of the stack.
    pub fn atomic_place(&mut self) -> Option<Place> {
        (0..12).find_map(|_| self.any_place(true)).filter(|place| {
            let is_fit = matches!(place.ty, Type::Int(int) if int.bits >= 32);
            is_fit && place.width.is_none() && place.is_addressable
        })
    }

    /// Any path to a scalar, through any variable.
    fn any_place(&mut self, is_written: bool) -> Option<Place> {
        let var = self.any_var(is_written)?;
        self.walk(var, |ty| matches!(ty, Type::Int(_) | Type::Enum(_)))
    }

    /// A path to an object that is `wanted`, from some variable.
    pub fn place_of(
        &mut self,
        is_written: bool,
        before: usize,
        wanted: impl Fn(&Type) -> bool + Copy,
    ) -> Option<Place> {
        for _ in 0..12 {
            let var = self.any_var(is_written)?;
            if var < before
                && let Some(place) = self.walk(var, wanted)
                && place.width.is_none()
                && place.is_addressable
            {
                return Some(place);
            }
        }
        None
    }

    /// A variable; local ones are likelier.
    fn any_var(&mut self, is_written: bool) -> Option<usize> {
        let first = if is_written { self.write_floor } else { 0 };
        let n_vars = self.vars.len().checked_sub(first).filter(|n| *n > 0)?;
        let idx = self.random.below(n_vars as u64) as usize;
        let idx = first + idx.max(self.random.below(n_vars as u64) as usize);
        let var = &self.vars[idx];
        let is_fit = !is_written || (!var.is_const && var.below.is_none());
        is_fit.then_some(idx)
    }

    /// Goes from a variable to a part of it that is `wanted`.
    fn walk(&mut self, var: usize, wanted: impl Fn(&Type) -> bool) -> Option<Place> {
        let Var { name, ty, .. } = self.vars[var].clone();
        let is_addressable = true;
        let mut place = Place { text: name, ty, width: None, is_addressable, var };
        loop {
            if wanted(&place.ty) {
                return Some(place);
            }
            match place.ty.clone() {
                Type::Array(element, n) => {
                    let idx = self.index(n);
                    place.text = match self.random.one_in(8) {
                        true => format!("(*({} + {idx}))", place.text),
                        false => format!("{}[{idx}]", place.text),
                    };
                    place.ty = *element;
                }
                Type::Pointer(pointee, n) => {
                    place.text = match (n, &*pointee) {
                        (1, Type::Record(id)) => {
                            let record = self.records[id.0].clone();
                            let fields: Vec<_> = record.named().cloned().collect();
                            if wanted(&pointee) || self.random.one_in(4) {
                                format!("(*{})", place.text)
                            } else {
                                let field = self.random.pick(&fields).clone();
                                place.is_addressable &= !record.is_packed;
                                place.ty = field.ty;
                                place.width = field.width;
                                place.text = format!("{}->{}", place.text, field.name);
                                continue;
                            }
                        }
                        (1, _) => format!("(*{})", place.text),
                        _ => format!("{}[{}]", place.text, self.index(n)),
                    };
                    place.ty = *pointee;
                }
                Type::Record(id) => {
                    let record = self.records[id.0].clone();
                    let fields: Vec<_> = record.named().cloned().collect();
                    let field = self.random.pick(&fields).clone();
                    place.is_addressable &= !record.is_packed;
                    place.text = format!("{}.{}", place.text, field.name);
                    place.ty = field.ty;
                    place.width = field.width;
                }
                Type::Int(_) | Type::Enum(_) | Type::Void => return None,
            }
        }
    }

    /// An index below `n`.
    pub fn index(&mut self, n: u64) -> String {
        let counters: Vec<String> = self
            .vars
            .iter()
            .filter_map(|var| var.below.filter(|below| *below <= n).map(|_| var.name.clone()))
            .collect();
        match self.random.below(6) {
            0..2 if !counters.is_empty() => self.random.pick(&counters).clone(),
            2 | 3 => match self.plain_int() {
                Some(name) => format!("({name} & {})", n - 1),
                None => "0".into(),
            },
            _ => self.random.below(n).to_string(),
        }
    }

    /// The name of an integer variable.
    pub fn plain_int(&mut self) -> Option<String> {
        let is_int = |var: &&Var| matches!(var.ty, Type::Int(int) if int.bits > 1);
        let names: Vec<_> = self.vars.iter().filter(is_int).map(|var| var.name.clone()).collect();
        (!names.is_empty()).then(|| self.random.pick(&names).clone())
    }
}

//! Initialisers.

use super::Generator;
use super::types::{Int, Type};

/// What an initialiser may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Items {
    Constants,
    Expressions,
}

impl Generator {
    /// An initialiser of constants.
    pub fn constant_init(&mut self, ty: &Type) -> String {
        self.init(ty, Items::Constants)
    }

    /// An initialiser of whatever can be computed here.
    pub fn local_init(&mut self, ty: &Type) -> String {
        self.init(ty, Items::Expressions)
    }

    fn init(&mut self, ty: &Type, items: Items) -> String {
        match ty {
            Type::Int(_) => self.item(items),
            Type::Enum(id) => format!("E{id}_{}", self.random.below(2)),
            Type::Array(element, n) => self.array_init(element, *n, items),
            Type::Record(id) => {
                let record = self.records[id.0].clone();
                match record.is_union {
                    // The first member is the whole of it.
                    true => format!("{{ {} }}", self.item(items)),
                    false => self.struct_init(&record, items),
                }
            }
            Type::Pointer(..) | Type::Void => unreachable!("pointers start at objects"),
        }
    }

    fn item(&mut self, items: Items) -> String {
        match items {
            Items::Constants => match self.random.below(4) {
                0 => {
                    let (a, b) = (self.literal(), self.literal());
                    let op = *self.random.pick(&["+", "^", "*", "<", "=="]);
                    format!("({})({} {op} {})", Int::any(&mut self.random).name(), a.text, b.text)
                }
                _ => self.literal().text,
            },
            Items::Expressions => {
                let depth = self.random.below(3) as u32;
                self.expr(depth).text
            }
        }
    }

    fn array_init(&mut self, element: &Type, n: u64, items: Items) -> String {
        let n_items = 1 + self.random.below(n);
        let mut list = Vec::new();
        match self.random.below(4) {
            // A range, perhaps with an exception after it.
            0 if items == Items::Constants || matches!(element, Type::Int(_)) => {
                // What a range repeats is computed once only, so it has no side effects.
                list.push(format!(
                    "[0 ... {}] = {}",
                    n_items - 1,
                    self.init(element, Items::Constants)
                ));
                if self.random.one_in(2) {
                    list.push(format!("[{}] = {}", n - 1, self.init(element, Items::Constants)));
                }
            }
            1 => {
                let mut idx = self.random.below(n);
                while idx < n {
                    list.push(format!("[{idx}] = {}", self.init(element, items)));
                    idx += 1 + self.random.below(n);
                }
            }
            _ => list.extend((0..n_items).map(|_| self.init(element, items))),
        }
        format!("{{ {} }}", list.join(", "))
    }

    fn struct_init(&mut self, record: &super::Record, items: Items) -> String {
        let fields: Vec<_> = record.named().cloned().collect();
        let mut list = Vec::new();
        match self.random.below(3) {
            0 => {
                for field in fields {
                    if self.random.one_in(3) {
                        continue;
                    }
                    list.push(format!(".{} = {}", field.name, self.init(&field.ty, items)));
                }
            }
            _ => {
                let n = 1 + self.random.below(fields.len() as u64) as usize;
                for field in fields.into_iter().take(n) {
                    list.push(self.init(&field.ty, items));
                }
            }
        }
        match list.is_empty() {
            true => "{ 0 }".into(),
            false => format!("{{ {} }}", list.join(", ")),
        }
    }
}

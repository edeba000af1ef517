//! Types as trees of tuples, of which the package makes classes of `ctypes`:
//!
//! | tuple | what it is |
//! | --- | --- |
//! | `("int", bytes, is_signed, name)` | a number; `name` as in C, such as `char` or `_Bool` |
//! | `("float", bytes)` | |
//! | `("pointer", bytes)` | |
//! | `("enum", bytes, is_signed, name, {name: value})` | |
//! | `("array", element, n)` | |
//! | `("struct" or "union", name, bytes, ((name, type, first bit, bits or 0), …))` | |
//! | `("bytes", n)` | something of which only the size is known |

use bpfc_btf::{Btf, Composite, IntEncoding, Type, TypeId};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Nested types that are followed; deeper ones are bytes.
const MAX_DEPTH: u32 = 24;

/// The tree of a type.
pub fn tree<'py>(py: Python<'py>, btf: &Btf, ty: TypeId) -> PyResult<Bound<'py, PyAny>> {
    node(py, btf, ty, 0)
}

/// A type of which only the size is known; numbers, if there are such of the size.
pub fn sized<'py>(py: Python<'py>, n_bytes: u32) -> PyResult<Bound<'py, PyAny>> {
    match n_bytes {
        1 | 2 | 4 | 8 => ("int", n_bytes, false, "").into_pyobject(py).map(Bound::into_any),
        n_bytes => ("bytes", n_bytes).into_pyobject(py).map(Bound::into_any),
    }
}

fn node<'py>(py: Python<'py>, btf: &Btf, ty: TypeId, depth: u32) -> PyResult<Bound<'py, PyAny>> {
    let size = || btf.size_of(ty).unwrap_or(0);
    let Ok((_, resolved)) = btf.resolved(ty) else { return sized(py, size()) };
    if depth > MAX_DEPTH {
        return ("bytes", size()).into_pyobject(py).map(Bound::into_any);
    }
    let tuple = match resolved {
        Type::Int(int) => {
            let is_signed = matches!(int.encoding, IntEncoding::Signed | IntEncoding::Char);
            ("int", int.size_bytes, is_signed, int.name).into_pyobject(py)?
        }
        Type::Float { size_bytes, .. } => ("float", size_bytes).into_pyobject(py)?,
        Type::Ptr { .. } => ("pointer", btf.pointer_bytes()).into_pyobject(py)?,
        Type::Enum(of) | Type::Enum64(of) => {
            let values = PyDict::new(py);
            for enumerator in of.enumerators() {
                values.set_item(enumerator.name, enumerator.value)?;
            }
            ("enum", of.size_bytes(), of.is_signed(), of.name(), values).into_pyobject(py)?
        }
        Type::Array { element, n_elements, .. } => {
            ("array", node(py, btf, element, depth + 1)?, n_elements).into_pyobject(py)?
        }
        Type::Struct(of) => record(py, btf, "struct", &of, depth)?,
        Type::Union(of) => record(py, btf, "union", &of, depth)?,
        _ => return sized(py, size()),
    };
    Ok(tuple.into_any())
}

fn record<'py>(
    py: Python<'py>,
    btf: &Btf,
    kind: &str,
    of: &Composite<'_>,
    depth: u32,
) -> PyResult<Bound<'py, PyTuple>> {
    let members = of.members().map(|member| {
        let ty = node(py, btf, member.ty, depth + 1)?;
        let bits = member.bitfield_bits.unwrap_or(0);
        (member.name, ty, member.bit_offset, bits).into_pyobject(py)
    });
    let members = PyTuple::new(py, members.collect::<PyResult<Vec<_>>>()?)?;
    (kind, of.name(), of.size_bytes(), members).into_pyobject(py)
}

//! Tests of the public interface, over every form of every instruction.

mod assembler;
mod encoding;
mod every;
mod facts;
mod files;
mod forms;
mod fragment;
mod llvm;
mod text;

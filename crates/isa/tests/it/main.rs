//! Tests of the public interface, over every form of every instruction.

mod encoding;
mod facts;
mod forms;

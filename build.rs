//! The rules are read into the binary: a change in one makes a new binary.

fn main() {
    println!("cargo:rerun-if-changed=rules");
}

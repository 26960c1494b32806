//! Vrijspoor reads copies of a phone or account, finds how somebody else can follow, read or steer its owner, and writes a
//! hashed report and a safety checklist.

pub mod evidence;
pub mod fixture;
pub mod reader;
pub mod report;

//! Protocol buffers without their schema: the wire format alone, as JSON. Every field number maps to the list of its values in
//! order (`{"1": ["text"], "4": [{"1": [7]}]}`), always a list, so that a path keeps working when a field repeats.

use serde_json::{Map, Value, json};

const MAX_DEPTH: usize = 32;
const MAX_NODES: usize = 200_000;

/// The message as JSON, or `None` when the bytes are no message.
///
/// Varints are signed 64-bit numbers; fixed fields give both readings (`{"int": …, "float": …}`); a length-delimited field is
/// text when it is UTF-8 without control characters, else a message when it parses as one, else `base64:…`.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Value> {
    let mut nodes = 0;
    let (value, rest) = message(bytes, 0, None, &mut nodes)?;
    rest.is_empty().then_some(value)
}

fn message<'a>(mut rest: &'a [u8], depth: usize, group: Option<u64>, nodes: &mut usize) -> Option<(Value, &'a [u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut out = Map::new();
    while !rest.is_empty() {
        *nodes += 1;
        if *nodes > MAX_NODES {
            return None;
        }
        let tag;
        (tag, rest) = varint(rest)?;
        let field = tag >> 3;
        if field == 0 || field > 0x1FFF_FFFF {
            return None;
        }
        let value = match tag & 7 {
            0 => {
                let number;
                (number, rest) = varint(rest)?;
                Value::from(number.cast_signed())
            }
            1 => {
                let raw;
                (raw, rest) = rest.split_first_chunk::<8>()?;
                json!({"int": i64::from_le_bytes(*raw), "float": f64::from_le_bytes(*raw)})
            }
            2 => {
                let length;
                (length, rest) = varint(rest)?;
                let body;
                (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                delimited(body, depth, nodes)
            }
            3 => {
                let inner;
                (inner, rest) = message(rest, depth + 1, Some(field), nodes)?;
                inner
            }
            4 => return (group == Some(field)).then_some((Value::Object(out), rest)),
            5 => {
                let raw;
                (raw, rest) = rest.split_first_chunk::<4>()?;
                json!({"int": i32::from_le_bytes(*raw), "float": f32::from_le_bytes(*raw)})
            }
            _ => return None,
        };
        if let Value::Array(values) = out.entry(field.to_string()).or_insert_with(|| Value::Array(Vec::new())) {
            values.push(value);
        }
    }
    group.is_none().then_some((Value::Object(out), rest))
}

/// A line break may stand inside text but not open it: `0A` is also the tag of field 1, the commonest start of a message.
fn delimited(body: &[u8], depth: usize, nodes: &mut usize) -> Value {
    if let Ok(text) = std::str::from_utf8(body) {
        let printable = |(index, c): (usize, char)| !c.is_control() || (index > 0 && matches!(c, '\n' | '\r' | '\t'));
        if text.char_indices().all(printable) {
            return Value::String(text.to_owned());
        }
    }
    match message(body, depth + 1, None, nodes) {
        Some((value, [])) => value,
        _ => Value::String(super::plist::data_text(body)),
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        let part = u64::from(byte & 0x7F);
        value |= part.checked_shl(u32::try_from(index).ok()?.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn fields_are_lists_by_number() {
        let bytes = b"\x08\x96\x01\x12\x07testing\x1A\x03\x08\x96\x01\x08\x01\x25\x00\x00\x80\x3F\x2A\x02\xFF\xFE";
        assert_eq!(
            parse(bytes).unwrap(),
            json!({"1": [150, 1], "2": ["testing"], "3": [{"1": [150]}], "4": [{"int": 1_065_353_216, "float": 1.0}], "5": ["base64://4="]})
        );
        assert_eq!(parse(b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01").unwrap(), json!({"1": [-1]}));
        assert_eq!(parse(b"\x0B\x08\x01\x0C").unwrap(), json!({"1": [{"1": [1]}]}));
    }

    #[test]
    fn broken_and_deep_messages_are_refused() {
        for bad in [
            &b"\x08"[..],
            b"\x12\x7Fshort",
            b"\x0C",
            b"\x07\x01",
            b"\x00\x01",
            b"\x0B\x08\x01",
            b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(parse(&vec![0x0B; 100_000]), None);
    }
}

//! `case.jsonld`: the findings in CASE 1.5 / UCO 1.5 (JSON-LD), the language in which forensic tools hand over to each other. Exhibits
//! and cited files with their digests, cited values with their place, and one annotation a finding. It is as deterministic as the
//! report: names are UUIDs of version 5, and the clock has no say (when the examination ran stands in `session.json`).
//!
//! Rules learned by breaking them (field.md B6): the method of a hash is the plain string `SHA256`; every node has a name, hashes
//! too; a relationship says whether it has a direction.

use super::text::Text;
use super::{Citation, Finding, Report, html, json, shown};
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};
use std::collections::BTreeMap;

/// Under which all names of nodes stand.
const NAMESPACE: &str = "urn:vrijspoor:kb:";
/// The namespace of names that are web addresses or the like (RFC 9562, 6.6).
const UUID_URL: [u8; 16] =
    [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// The bytes of `case.jsonld`.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn bytes(report: &Report) -> Result<Vec<u8>, html::Error> {
    let seed = json::digest(report)?;
    let shown = shown::report(report)?;
    let graph = Graph { seed, nodes: Vec::new(), files: BTreeMap::new() }.build(&shown);
    let mut bytes = serde_json::to_vec_pretty(&json!({"@context": context(), "@graph": graph}))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The vocabularies that are used.
fn context() -> Value {
    let mut context = Map::new();
    context.insert("kb".to_owned(), NAMESPACE.into());
    context.insert("case-investigation".to_owned(), "https://ontology.caseontology.org/case/investigation/".into());
    for part in ["action", "analysis", "configuration", "core", "identity", "observable", "tool", "types"] {
        let iri = format!("https://ontology.unifiedcyberontology.org/uco/{part}/");
        context.insert(format!("uco-{part}"), iri.into());
    }
    context.insert("xsd".to_owned(), "http://www.w3.org/2001/XMLSchema#".into());
    Value::Object(context)
}

struct Graph {
    /// Digest of the report: other reports have other names.
    seed: String,
    nodes: Vec<Value>,
    /// The node of each file, by name and digest.
    files: BTreeMap<(String, String), String>,
}

impl Graph {
    /// The name of a node of a kind: the same for the same thing in the same report.
    fn id(&self, kind: &str, of: &str) -> String {
        let mut hash = Sha1::new();
        hash.update(UUID_URL);
        hash.update(format!("{NAMESPACE}{}/{kind}/{of}", self.seed));
        let mut bytes: [u8; 16] = std::array::from_fn(|_| 0);
        bytes.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        bytes[6] = (bytes[6] & 0x0f) | 0x50;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = json::hex(&bytes);
        let parts: Vec<&str> =
            [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|part| hex.get(part)).collect();
        format!("kb:{kind}-{}", parts.join("-"))
    }

    fn build(mut self, report: &Report) -> Vec<Value> {
        let text = Text::of(&report.options.lang);
        let exhibits: Vec<Value> = (1..)
            .zip(&report.evidence)
            .map(|(n, input)| {
                let file = self.file(&input.name, &input.sha256, Some(input.bytes), input.sha256_of == "list");
                let record = self.id("ProvenanceRecord", &format!("exhibit {n}"));
                self.nodes.push(json!({
                    "@id": record, "@type": "case-investigation:ProvenanceRecord",
                    "case-investigation:exhibitNumber": format!("E-{n:03}"),
                    "uco-core:object": {"@id": file},
                }));
                json!({"@id": record})
            })
            .collect();
        let mut results = Vec::new();
        for finding in &report.findings {
            let cited: Vec<Value> =
                (1..).zip(&finding.citations).flat_map(|(n, citation)| self.citation(finding, n, citation)).collect();
            let id = self.id("Annotation", &finding.key);
            let mut tags = vec![
                "observation".to_owned(),
                format!("finding:{}", finding.id),
                format!("rule:{}", finding.rule),
                format!("urgency:{}", finding.urgency),
                format!("confidence:{}", finding.confidence),
            ];
            if finding.experimental {
                tags.push("experimental".to_owned());
            }
            let say = html::texts(finding, text);
            let statement = if say.shows.is_empty() { html::title(finding, text) } else { &say.shows };
            let mut note = json!({
                "@id": id, "@type": "uco-core:Annotation", "uco-core:tag": tags, "uco-core:statement": statement,
            });
            // A finding without a citation cannot be; a node without an object may not be.
            if let (Some(note), false) = (note.as_object_mut(), cited.is_empty()) {
                note.insert("uco-core:object".to_owned(), Value::Array(cited.clone()));
            }
            self.nodes.push(note);
            results.push(json!({"@id": id}));
            results.extend(cited);
        }
        self.frame(report, exhibits, &results);
        self.nodes
    }

    /// The examination itself: who, with what, from what to what.
    fn frame(&mut self, report: &Report, exhibits: Vec<Value>, results: &[Value]) {
        let [person, tool, action, investigation, record] =
            ["Person", "Tool", "InvestigativeAction", "Investigation", "ProvenanceRecord"]
                .map(|kind| self.id(kind, "one"));
        let entries: Vec<Value> = [
            ("artifacts-sha256", &report.ruleset.artifacts_sha256),
            ("rules-sha256", &report.ruleset.rules_sha256),
            ("report-sha256", &self.seed),
        ]
        .into_iter()
        .map(|(name, value)| {
            json!({
                "@id": self.id("ConfigurationEntry", name), "@type": "uco-configuration:ConfigurationEntry",
                "uco-configuration:itemName": name, "uco-configuration:itemValue": value,
            })
        })
        .collect();
        let name =
            |text: &str, without: &str| if text.trim().is_empty() { without.to_owned() } else { text.to_owned() };
        let mut nodes = vec![
            json!({"@id": person, "@type": "uco-identity:Person", "uco-core:name": name(&report.case.examiner, "not declared")}),
            json!({
                "@id": tool, "@type": ["uco-tool:AnalyticTool", "uco-tool:ConfiguredTool"],
                "uco-core:name": report.tool.name, "uco-tool:toolType": "forensic analysis", "uco-tool:version": report.tool.version,
                "uco-configuration:usesConfiguration": {
                    "@id": self.id("Configuration", "one"), "@type": "uco-configuration:Configuration",
                    "uco-configuration:configurationEntry": entries,
                },
            }),
        ];
        let mut act = json!({
            "@id": action, "@type": "case-investigation:InvestigativeAction", "uco-core:name": "examined",
            "uco-action:performer": {"@id": person}, "uco-action:instrument": {"@id": tool},
        });
        let mut of = vec![json!({"@id": action})];
        of.extend(exhibits.clone());
        if let Some(act) = act.as_object_mut() {
            if !exhibits.is_empty() {
                act.insert("uco-action:object".to_owned(), Value::Array(exhibits));
            }
            if !results.is_empty() {
                act.insert("uco-action:result".to_owned(), json!({"@id": record}));
                of.push(json!({"@id": record}));
                nodes.push(json!({
                    "@id": record, "@type": "case-investigation:ProvenanceRecord", "uco-core:description": "findings",
                    "uco-core:object": results,
                }));
            }
        }
        nodes.push(act);
        nodes.push(json!({
            "@id": investigation, "@type": "case-investigation:Investigation", "uco-core:name": name(&report.case.id, "not declared"),
            "uco-core:object": of,
        }));
        self.nodes.append(&mut nodes);
    }

    /// The node of a file with its digest; made once.
    fn file(&mut self, name: &str, sha256: &str, size: Option<u64>, folder: bool) -> String {
        let key = (name.to_owned(), sha256.to_owned());
        if let Some(id) = self.files.get(&key) {
            return id.clone();
        }
        let of = format!("{name} {sha256}");
        let id = self.id("File", &of);
        let base = name.rsplit(['/', '!', ':']).next().unwrap_or(name);
        let mut facet = json!({
            "@id": self.id("FileFacet", &of), "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": base, "uco-observable:filePath": name, "uco-observable:isDirectory": folder,
        });
        if let (Some(size), Some(facet)) = (size, facet.as_object_mut()) {
            facet.insert(
                "uco-observable:sizeInBytes".to_owned(),
                json!({"@type": "xsd:integer", "@value": size.to_string()}),
            );
        }
        self.nodes.push(json!({
            "@id": id, "@type": "uco-observable:File", "uco-core:hasFacet": [facet, {
                "@id": self.id("ContentDataFacet", &of), "@type": "uco-observable:ContentDataFacet",
                "uco-observable:hash": {
                    "@id": self.id("Hash", &of), "@type": "uco-types:Hash", "uco-types:hashMethod": "SHA256",
                    "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": sha256},
                },
            }],
        }));
        self.files.insert(key, id.clone());
        id
    }

    /// The nodes of a citation: each raw value of a database row as a field of a table; a record of any other file as a whole.
    fn citation(&mut self, finding: &Finding, number: usize, citation: &Citation) -> Vec<Value> {
        let file = self.file(&citation.stream, &citation.sha256, None, false);
        let of = format!("{} {number}", finding.key);
        let mut made = Vec::new();
        let row = citation.locator.strip_prefix("sqlite:").and_then(|rest| rest.rsplit_once('/'));
        let row = row.and_then(|(table, row)| Some((table, row.parse::<i64>().ok()?)));
        if let Some((table, row)) = row {
            for (field, value) in citation.raw.iter().filter(|(_, value)| !value.is_null()) {
                let of = format!("{of} {field}");
                let id = self.id("TableField", &of);
                self.nodes.push(json!({
                    "@id": id, "@type": "uco-observable:TableField", "uco-core:hasFacet": {
                        "@id": self.id("TableFieldFacet", &of), "@type": "uco-observable:TableFieldFacet",
                        "uco-observable:tableName": table, "uco-observable:recordFieldName": field,
                        "uco-observable:recordRowID": {"@type": "xsd:integer", "@value": row.to_string()},
                        "uco-observable:recordFieldValue": plain(value),
                    },
                }));
                made.push((id, of));
            }
        } else {
            let id = self.id("ObservableObject", &of);
            let raw: BTreeMap<_, _> = citation.raw.iter().filter(|(_, value)| !value.is_null()).collect();
            self.nodes.push(json!({
                "@id": id, "@type": "uco-observable:ObservableObject", "uco-core:description": citation.locator,
                "uco-core:hasFacet": {
                    "@id": self.id("ContentDataFacet", &of), "@type": "uco-observable:ContentDataFacet",
                    "uco-observable:dataPayload": json!(raw).to_string(),
                },
            }));
            made.push((id, of));
        }
        for (id, of) in &made {
            self.nodes.push(json!({
                "@id": self.id("ObservableRelationship", of), "@type": "uco-observable:ObservableRelationship",
                "uco-core:source": {"@id": id}, "uco-core:target": {"@id": file},
                "uco-core:kindOfRelationship": "Contained_Within", "uco-core:isDirectional": true,
            }));
        }
        made.into_iter().map(|(id, _)| json!({"@id": id})).collect()
    }
}

/// A value as text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::collections::BTreeSet;

    fn graph(report: &Report) -> Vec<Value> {
        let all: Value = serde_json::from_slice(&bytes(report).unwrap()).unwrap();
        all["@graph"].as_array().unwrap().clone()
    }

    fn of<'a>(graph: &'a [Value], kind: &str) -> Vec<&'a Value> {
        graph.iter().filter(|node| node["@type"] == kind).collect()
    }

    /// Every `@id` below a node; those of nodes that are defined there come with `true`.
    fn names(value: &Value, found: &mut Vec<(String, bool)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            Value::Object(fields) => {
                if let Some(id) = fields.get("@id").and_then(Value::as_str) {
                    found.push((id.to_owned(), fields.len() > 1));
                }
                assert!(!fields.contains_key("@type") || fields.contains_key("@id") || fields.contains_key("@value"));
                fields.values().for_each(|field| names(field, found));
            }
            _ => {}
        }
    }

    #[test]
    fn the_graph_says_as_much_as_the_report() {
        let report = sample::report("en");
        let graph = graph(&report);
        assert_eq!(of(&graph, "uco-core:Annotation").len(), report.findings.len());
        assert_eq!(of(&graph, "case-investigation:ProvenanceRecord").len(), report.evidence.len() + 1);
        let streams: BTreeSet<_> = report.findings.iter().flat_map(|f| &f.citations).map(|c| &c.stream).collect();
        assert!(of(&graph, "uco-observable:File").len() >= streams.len() + report.evidence.len());
        for file in of(&graph, "uco-observable:File") {
            let hash = &file["uco-core:hasFacet"][1]["uco-observable:hash"];
            assert_eq!(hash["uco-types:hashMethod"], "SHA256");
            assert_eq!(hash["uco-types:hashValue"]["@value"].as_str().unwrap().len(), 64, "{file}");
        }
    }

    #[test]
    fn every_name_is_defined_once_and_is_a_uuid_of_version_5() {
        let mut found = Vec::new();
        names(&Value::Array(graph(&sample::report("nl"))), &mut found);
        let defined: Vec<&String> = found.iter().filter(|(_, here)| *here).map(|(id, _)| id).collect();
        let unique: BTreeSet<&String> = defined.iter().copied().collect();
        assert_eq!(defined.len(), unique.len(), "a name is defined twice");
        let uuid =
            regex::Regex::new("^kb:[A-Za-z]+-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
                .unwrap();
        for (id, _) in &found {
            assert!(uuid.is_match(id) && unique.contains(id), "{id}");
        }
    }

    #[test]
    fn every_moment_has_a_zone_and_other_reports_have_other_names() {
        let text = String::from_utf8(bytes(&sample::report("nl")).unwrap()).unwrap();
        assert_eq!(text, String::from_utf8(bytes(&sample::report("nl")).unwrap()).unwrap());
        let naive = regex::Regex::new(r#"dateTime"[^}]*"@value": "[^"]*[^Z]""#).unwrap();
        assert!(!naive.is_match(&text));
        let mut other = sample::report("nl");
        other.case.id = "other".to_owned();
        let other = graph(&other);
        assert!(!text.contains(other[0]["@id"].as_str().unwrap()));
    }
}

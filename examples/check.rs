fn read(folder: &str) -> Vec<(String, String)> {
    let mut v = vec![];
    for e in walkdir::WalkDir::new(folder).sort_by_file_name() { let e = e.unwrap(); if e.file_type().is_file() {
        v.push((e.path().strip_prefix(folder).unwrap().display().to_string(), std::fs::read_to_string(e.path()).unwrap())); } }
    v
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let arts = read(&a[1]);
    let files: Vec<(&str,&str)> = arts.iter().map(|(a,b)|(a.as_str(),b.as_str())).collect();
    match vrijspoor::artifact::Artifacts::load(&files) { Ok(x) => println!("artifacts ok {}", x.list.len()), Err(e) => println!("{e}") }
    let mut rules = vec![];
    for f in &a[2..] { rules.extend(read(f)); }
    rules.sort(); rules.dedup_by(|a,b| a.0==b.0);
    let files: Vec<(&str,&str)> = rules.iter().map(|(a,b)|(a.as_str(),b.as_str())).collect();
    let v = vrijspoor::fact::Vocabulary::parse("facts.toml", &arts.iter().find(|f| f.0=="facts.toml").unwrap().1).unwrap();
    match vrijspoor::rule::Rules::load(&files, &v) { Ok(x) => println!("rules ok {} steps {}", x.list.len(), x.steps.len()), Err(e) => println!("{e}") }
}

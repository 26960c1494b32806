//! The validation dossier (field.md B10): for every rule the made-up copies that the tests require it to find something in, and those it
//! must stay silent on. It says what was tried, not how often a rule is wrong on phones of people: nobody has measured that.

use crate::embedded::Files;
use crate::fixture;
use crate::report::Validation;
use crate::rule::Rules;

/// One entry for every rule, in the order of the rules. A made-up copy whose recipe does not load counts for nothing.
pub fn of(rules: &Rules, fixtures: Files) -> Vec<Validation> {
    let recipes: Vec<(&str, fixture::Recipe)> = fixture::names(fixtures)
        .into_iter()
        .filter_map(|name| Some((name, fixture::recipe(fixtures, name).ok()?)))
        .collect();
    let naming = |rule: &str, list: fn(&fixture::Recipe) -> &Vec<String>| {
        let named = recipes.iter().filter(|(_, recipe)| list(recipe).iter().any(|one| one == rule));
        named.map(|(name, _)| (*name).to_owned()).collect()
    };
    let one = |id: &str| Validation {
        rule: id.to_owned(),
        fires: naming(id, |recipe| &recipe.fires),
        quiet: naming(id, |recipe| &recipe.quiet),
    };
    rules.list.iter().map(|rule| one(&rule.id)).collect()
}

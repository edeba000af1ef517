//! Which crate may depend on which: the table in `ARCHITECTURE.md` against the manifests.

use super::Tree;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;

/// Appends what differs.
pub fn check(tree: &Tree, problems: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let allowed = table(tree.text("ARCHITECTURE.md"));
    for name in tree.crates() {
        if !allowed.contains_key(name) {
            problems.push(format!("ARCHITECTURE.md: crate `{name}` is not in the table"));
        }
    }
    let metadata: Value = metadata(tree)?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = folder(package["name"].as_str().unwrap_or_default());
        let Some(allowed) = allowed.get(name) else {
            continue;
        };
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        for dependency in dependencies {
            let other = dependency["name"].as_str().unwrap_or_default();
            let is_ours = dependency["path"].is_string();
            // Tests may bring other crates together.
            let is_for_tests = dependency["kind"] == "dev";
            if is_ours && !is_for_tests && !allowed.iter().any(|ok| ok == folder(other)) {
                problems.push(format!(
                    "crates/{name}/Cargo.toml: `{name}` may not depend on `{}` (ARCHITECTURE.md)",
                    folder(other)
                ));
            }
        }
    }
    Ok(())
}

fn metadata(tree: &Tree) -> Result<Value, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(&tree.root)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// `bpfc-base` is in folder `base`.
fn folder(package: &str) -> &str {
    package.strip_prefix("bpfc-").unwrap_or(package)
}

/// Crate to what it may depend on, from the table with the column `may depend on`.
fn table(text: &str) -> BTreeMap<String, Vec<String>> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| crate |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let words = cells.get(3)?.split_whitespace().map(str::to_owned);
        Some((cells.get(1)?.trim_matches('`').to_owned(), words.collect()))
    };
    rows.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table() {
        let text = "# A\n| x |\n\n| crate | what | may depend on | never |\n| --- | --- | --- | --- |\n\
                    | base | ids | | C |\n| cli | `x` | bpfc base | |\n\n| other | | x | |\n";
        let table = table(text);
        assert_eq!(table.len(), 2);
        assert_eq!(table["base"], [""; 0]);
        assert_eq!(table["cli"], ["bpfc", "base"]);
    }
}

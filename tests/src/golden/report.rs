//! Results of a replay: passed and failed cases by family, with reasons.

use std::collections::BTreeMap;

use super::Failure;

/// Counts by family, and the failures.
#[derive(Default)]
pub struct Report {
    families: BTreeMap<String, (usize, usize)>,
    /// Family, case and reason of every failure.
    pub failures: Vec<(String, String, Failure)>,
}

impl Report {
    /// Adds a case.
    pub fn add(&mut self, family: &str, case: &str, outcome: Result<(), Failure>) {
        let counts = self.families.entry(family.to_owned()).or_default();
        match outcome {
            Ok(()) => counts.0 += 1,
            Err(failure) => {
                counts.1 += 1;
                self.failures.push((family.to_owned(), case.to_owned(), failure));
            }
        }
    }

    /// Returns the number of passed cases.
    pub fn passed(&self) -> usize {
        self.families.values().map(|(passed, _)| passed).sum()
    }

    /// Returns every failure as a line: family, case and reason.
    pub fn wrong(&self) -> Vec<String> {
        self.failures.iter().map(|(family, case, failure)| format!("{family}/{case}: {failure}")).collect()
    }

    /// Returns the number of failed cases.
    pub fn failed(&self) -> usize {
        self.failures.len()
    }
}

impl std::fmt::Display for Report {
    /// Writes the failures by name, then a line for every family.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (family, case, reason) in &self.failures {
            writeln!(f, "FAILED {family}/{case}: {reason}")?;
        }
        for (family, (passed, failed)) in &self.families {
            writeln!(f, "{family:<24} {passed:>5} passed {failed:>5} failed")?;
        }
        Ok(())
    }
}

//! Log2 histograms as bars of text.

use bpfc_object::MapStyle;

/// Width of the longest bar.
const BAR_WIDTH: usize = 40;

/// The bars of `slots`: pairs of slot number and count, in any order. Empty for no counts.
pub fn bars(style: MapStyle, slots: &[(u64, u64)]) -> String {
    let rows = rows(style, slots);
    let Some(most) = rows.iter().map(|(_, count)| *count).max() else {
        return String::new();
    };
    let mut text = format!("{:>24} : {:<10} |{:<BAR_WIDTH$}|\n", "range", "count", "distribution");
    for (range, count) in rows {
        let width = (u128::from(count) * BAR_WIDTH as u128 / u128::from(most)) as usize;
        let bar = "*".repeat(width.min(BAR_WIDTH));
        text += &format!("{range:>24} : {count:<10} |{bar:<BAR_WIDTH$}|\n");
    }
    text
}

/// Ranges and how many values lie in each, from the first that has some to the last.
///
/// Slot `n` of a `BPF_HISTOGRAM` counts values from 2^(n-1) to 2^n - 1, as `bpf_log2l`
/// numbers them; slot `n` of any other map counts those from 2^n to 2^(n+1) - 1.
pub fn rows(style: MapStyle, slots: &[(u64, u64)]) -> Vec<(String, u64)> {
    let used = slots.iter().filter(|(slot, count)| *count > 0 && *slot < 64);
    let (Some(first), Some(last)) =
        (used.clone().map(|(slot, _)| *slot).min(), used.map(|(slot, _)| *slot).max())
    else {
        return Vec::new();
    };
    // Empty slots below the first used one say nothing unless it is close to zero.
    let from = if first <= 4 { u64::from(style == MapStyle::Bcc).min(first) } else { first };
    let rows = (from..=last).map(|slot| {
        let counts = slots.iter().filter(|(at, _)| *at == slot).map(|(_, count)| *count);
        let count = counts.fold(0, u64::saturating_add);
        let (low, high) = range(style, slot);
        (format!("{low} -> {high}"), count)
    });
    rows.collect()
}

fn range(style: MapStyle, slot: u64) -> (u64, u64) {
    let exponent = match style {
        MapStyle::Bcc => slot.saturating_sub(1),
        MapStyle::Btf | MapStyle::Legacy => slot,
    };
    let low = if exponent == 0 { 0 } else { 1 << exponent };
    (low, u64::MAX >> (63 - exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_cover_powers_of_two() {
        let text = bars(MapStyle::Btf, &[(0, 4), (2, 8)]);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("0 -> 1 : 4          |********************  "));
        assert!(lines[2].starts_with("2 -> 3 : 0          |     "));
        assert!(
            lines[3].starts_with("4 -> 7 : 8          |****************************************|")
        );
        assert!(bars(MapStyle::Bcc, &[(1, 1)]).contains("0 -> 1 : 1 "));
        assert!(bars(MapStyle::Bcc, &[(2, 1)]).contains("2 -> 3 : 1 "));
        assert_eq!(bars(MapStyle::Btf, &[(1, 0), (99, 7)]), "");
        let last = [("9223372036854775808 -> 18446744073709551615".to_owned(), u64::MAX)];
        assert_eq!(rows(MapStyle::Btf, &[(63, u64::MAX), (63, 1)]), last);
    }
}

//! Histograms as bars.

use super::{escape, grouped};
use std::fmt::Write;

/// Measures, in pixels.
const WIDTH: f64 = 800.0;
const ROW: f64 = 20.0;
const HEAD: f64 = 44.0;
const LABELS: f64 = 220.0;
const COUNTS: f64 = 110.0;

/// A name and bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// What it is of.
    pub title: String,
    /// For each bar its range, or what else it stands for, and its count.
    pub bars: Vec<(String, u64)>,
}

/// Histograms below each other, as SVG.
pub fn histograms(histograms: &[Histogram]) -> String {
    let height: f64 =
        histograms.iter().map(|one| HEAD + one.bars.len() as f64 * ROW).sum::<f64>() + 16.0;
    let mut svg = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
         <svg version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>text {{ font: 12px monospace; fill: #000 }}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fafafa\"/>\n"
    );
    let mut top = 0.0;
    for one in histograms {
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" style=\"font-size: 15px\">{}</text>",
            WIDTH / 2.0,
            top + 28.0,
            escape(&one.title)
        );
        let most = one.bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        for (row, (label, count)) in one.bars.iter().enumerate() {
            let y = top + HEAD + row as f64 * ROW;
            let width = (WIDTH - LABELS - COUNTS) * *count as f64 / most as f64;
            let _ = writeln!(
                svg,
                "<g><title>{label}: {count}</title><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
                 <rect x=\"{LABELS}\" y=\"{}\" width=\"{width:.2}\" height=\"{}\" fill=\"rgb(70,120,190)\"/>\
                 <text x=\"{:.2}\" y=\"{}\">{count}</text></g>",
                LABELS - 8.0,
                y + 14.0,
                y + 2.0,
                ROW - 4.0,
                LABELS + width + 6.0,
                y + 14.0,
                label = escape(label),
                count = grouped(*count),
            );
        }
        top += HEAD + one.bars.len() as f64 * ROW;
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_count_has_the_longest_bar() {
        let bars =
            vec![("0 -> 1".to_owned(), 1234), ("<2 & 3>".to_owned(), 617), ("4".to_owned(), 0)];
        let svg = histograms(&[Histogram { title: "a<b".into(), bars }]);
        assert!(
            svg.contains("width=\"470.00\"")
                && svg.contains("width=\"235.00\"")
                && svg.contains("width=\"0.00\"")
        );
        assert!(
            svg.contains("<title>0 -&gt; 1: 1,234</title>") && svg.contains("&lt;2 &amp; 3&gt;")
        );
        assert!(histograms(&[]).ends_with("</svg>\n"));
    }
}

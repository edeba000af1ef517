//! A flame graph: a box for every function, as wide as its stacks are many, on top of its caller. Made by hand, as the crate for
//! it has a licence that ours cannot be combined with.

use super::{escape, grouped, shortened};
use bpfc_symbols::{Folded, FoldedFrame, Shade};
use std::fmt::Write;

/// Measures of the picture, in pixels.
const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 10.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 34.0;
const ROW: f64 = 16.0;
/// Width of a letter of the font, which is one of fixed width.
const LETTER: f64 = 7.0;
/// Narrower boxes are left out: nobody could see them.
const MIN_WIDTH: f64 = 0.1;
/// Higher boxes are left out.
const MAX_DEPTH: usize = 1000;

/// Makes boxes wider when they are clicked at, and finds functions.
const SCRIPT: &str = include_str!("flame.js");

/// A function called by the same functions: where it starts and how many stacks it is on.
struct Flame<'f> {
    frame: Option<&'f FoldedFrame>,
    depth: usize,
    start: u64,
    end: u64,
}

/// The flame graph of `folded` as SVG. A click on a box enlarges it, Ctrl-F searches.
pub fn flame_graph(title: &str, folded: &Folded) -> String {
    let flames = flames(folded);
    let total = folded.total().max(1);
    let scale = (WIDTH - 2.0 * MARGIN) / total as f64;
    let is_seen = |flame: &&Flame<'_>| (flame.end - flame.start) as f64 * scale >= MIN_WIDTH;
    let seen: Vec<&Flame<'_>> = flames.iter().filter(is_seen).collect();
    let n_rows = seen.iter().map(|flame| flame.depth + 1).max().unwrap_or(1);
    let height = TOP + n_rows as f64 * ROW + BOTTOM;
    let mut svg = head(title, height);
    for flame in seen {
        let (x, width) =
            (MARGIN + flame.start as f64 * scale, (flame.end - flame.start) as f64 * scale);
        let y = height - BOTTOM - (flame.depth + 1) as f64 * ROW;
        let (name, fill, sign) = match flame.frame {
            Some(frame) => (&*frame.name, colour(frame), sign(frame.shade)),
            None => ("all", "rgb(210,210,210)".to_owned(), ""),
        };
        let count = flame.end - flame.start;
        let share = count as f64 * 100.0 / total as f64;
        let shown = shortened(name, (((width - 4.0) / LETTER).max(0.0)) as usize);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<g class=\"f\"><title>{}{sign} ({} of {}, {share:.2}%)</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
             height=\"{}\" fill=\"{fill}\"/><text x=\"{:.2}\" y=\"{}\">{}</text></g>",
            escape(name),
            grouped(count),
            grouped(total),
            ROW - 1.0,
            x + 2.0,
            y + ROW - 5.0,
            escape(&shown)
        );
    }
    svg + "</g>\n</svg>\n"
}

fn head(title: &str, height: f64) -> String {
    let legend = [
        (Shade::Kernel, "kernel"),
        (Shade::User, "user"),
        (Shade::Inlined, "inlined"),
        (Shade::Jit, "run-time code"),
        (Shade::Unknown, "unknown"),
    ];
    let mut keys = String::new();
    for (at, (shade, name)) in legend.into_iter().enumerate() {
        let x = MARGIN + 110.0 * at as f64;
        let fill = colour(&FoldedFrame { name: "".into(), shade });
        let _ = write!(
            keys,
            "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{fill}\"/><text x=\"{}\" y=\"{}\">{name}</text>",
            height - 22.0,
            x + 16.0,
            height - 12.0
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
         <svg version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>text {{ font: 12px monospace; fill: #000 }} .f {{ cursor: pointer }} .f:hover rect {{ stroke: #000; \
         stroke-width: 0.5 }} .f text {{ pointer-events: none }}</style>\n\
         <script><![CDATA[\n{SCRIPT}]]></script>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fafafa\"/>\n\
         <text x=\"{}\" y=\"22\" text-anchor=\"middle\" style=\"font-size: 17px\">{}</text>\n\
         <text id=\"back\" x=\"{MARGIN}\" y=\"40\" style=\"cursor: pointer; visibility: hidden\">show all</text>\n\
         <text id=\"search\" x=\"{}\" y=\"40\" text-anchor=\"end\" style=\"cursor: pointer\">search</text>\n\
         {keys}\n<g id=\"flames\">\n",
        WIDTH / 2.0,
        escape(title),
        WIDTH - MARGIN
    )
}

/// All boxes, callers before callees, each row from the left to the right. Stacks come in order, so that those
/// with the same beginning are neighbours.
fn flames(folded: &Folded) -> Vec<Flame<'_>> {
    let all = Flame { frame: None, depth: 0, start: 0, end: folded.total() };
    let mut flames = vec![all];
    // Where the boxes of the previous stack are.
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0_u64;
    for (frames, count) in folded.iter() {
        let frames = &frames[..frames.len().min(MAX_DEPTH)];
        let same =
            open.iter().zip(frames).take_while(|(idx, frame)| flames[**idx].frame == Some(*frame));
        let n_same = same.count();
        open.truncate(n_same);
        let end = at.saturating_add(count);
        for idx in &open {
            flames[*idx].end = end;
        }
        for (depth, frame) in frames.iter().enumerate().skip(n_same) {
            open.push(flames.len());
            flames.push(Flame { frame: Some(frame), depth: depth + 1, start: at, end });
        }
        at = end;
    }
    flames
}

fn sign(shade: Shade) -> &'static str {
    match shade {
        Shade::Kernel => " [kernel]",
        Shade::Inlined => " [inlined]",
        Shade::Jit => " [run-time code]",
        Shade::Process | Shade::User | Shade::Unknown => "",
    }
}

/// A colour for what a function is: orange for the kernel, red for processes, blue where it is inlined, green for code made at run
/// time. The name chooses the tone, so that neighbours differ and the same function looks the same everywhere.
fn colour(frame: &FoldedFrame) -> String {
    // FNV-1a.
    let hash = frame
        .name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let tone = hash % 40;
    let (red, green, blue) = match frame.shade {
        Shade::Process => (225, 225, 215),
        Shade::User => (215 + tone, 80 + tone, 80 + tone),
        Shade::Inlined => (90 + tone, 190 + tone, 205 + tone),
        Shade::Jit => (80 + tone, 205 + tone, 80 + tone),
        Shade::Kernel => (215 + tone, 150 + tone, 20 + tone),
        Shade::Unknown => (190, 190, 190),
    };
    format!("rgb({red},{green},{blue})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_symbols::{Frame, FrameKind};

    fn frame(name: &str, kind: FrameKind) -> Frame {
        Frame { name: name.into(), is_known: true, ..Frame::unknown(kind, 0) }
    }

    #[test]
    fn stacks_with_the_same_beginning_share_boxes() {
        let mut folded = Folded::default();
        let user = |names: &[&str]| {
            names.iter().map(|name| frame(name, FrameKind::User)).collect::<Vec<_>>()
        };
        folded.add("a", &user(&["leaf", "main"]), &[], 2);
        folded.add("a", &user(&["main"]), &[], 1);
        folded.add("a", &user(&["other", "main"]), &[frame("sys", FrameKind::Kernel)], 3);
        let flames = flames(&folded);
        let boxes: Vec<_> = flames
            .iter()
            .map(|flame| {
                (
                    flame.frame.map_or("all", |frame| &frame.name),
                    flame.depth,
                    flame.start,
                    flame.end,
                )
            })
            .collect();
        assert_eq!(
            boxes,
            [
                ("all", 0, 0, 6),
                ("a", 1, 0, 6),
                ("main", 2, 0, 6),
                ("leaf", 3, 1, 3),
                ("other", 3, 3, 6),
                ("sys", 4, 3, 6)
            ]
        );
        let svg = flame_graph("t", &folded);
        assert_eq!(svg, flame_graph("t", &folded));
        assert!(svg.contains("<title>sys [kernel] (3 of 6, 50.00%)</title>"), "{svg}");
    }

    #[test]
    fn hostile_names_are_only_text() {
        let mut folded = Folded::default();
        let name = "</title></g></svg>]]><script>alert(1)</script>\u{1b}&\"";
        folded.add(name, &[frame(name, FrameKind::User)], &[], u64::MAX);
        folded.add("x", &[], &[], u64::MAX);
        let svg = flame_graph(name, &folded);
        assert_eq!(svg.matches("<script>").count(), 1);
        assert_eq!(svg.matches("]]>").count(), 1);
        super::super::assert_well_formed(&svg);
        assert!(!flame_graph("", &Folded::default()).contains("NaN"));
    }
}

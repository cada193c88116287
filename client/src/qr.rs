//! An address as a QR code (ISO/IEC 18004), drawn as one SVG path.

use fast_qr::{ECL, QRBuilder};

/// Light modules around the code (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;

/// A QR code.
pub(crate) struct Drawn {
    /// What goes into the `d` of an SVG path: a square for each dark module.
    pub(crate) path: String,
    /// Width and height, quiet zone included, in modules.
    pub(crate) size: u32,
}

/// Draws a text; `None` when it is too long for any code.
pub(crate) fn draw(text: &str) -> Option<Drawn> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut path = String::new();
    for row in 0..code.size {
        let modules = code.data.get(row * code.size..(row + 1) * code.size)?;
        for (column, module) in modules.iter().enumerate().filter(|(_, module)| module.value()) {
            debug_assert!(module.value());
            path.push_str(&format!("M{} {}h1v1h-1z", column + QUIET, row + QUIET));
        }
    }
    Some(Drawn { path, size: u32::try_from(code.size + 2 * QUIET).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_address_reads_back_from_its_path_alone() {
        let address = "otpauth://totp/Elm%20Street%20Clinic:nora?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\
                       &issuer=Elm%20Street%20Clinic&algorithm=SHA1&digits=6&period=30";
        let drawn = draw(address).unwrap();
        let size = usize::try_from(drawn.size).unwrap();
        let mut dark = vec![false; size * size];
        for square in drawn.path.split('M').filter(|square| !square.is_empty()) {
            let (column, row) = square.trim_end_matches("h1v1h-1z").split_once(' ').unwrap();
            dark[row.parse::<usize>().unwrap() * size + column.parse::<usize>().unwrap()] = true;
        }
        let is_quiet = |at: usize| at < QUIET || at >= size - QUIET;
        assert!((0..size * size).all(|at| !dark[at] || !is_quiet(at / size) && !is_quiet(at % size)));
        // A camera sees each module as several pixels.
        let pixels = 3;
        let seen = rqrr::PreparedImage::prepare_from_bitmap(size * pixels, size * pixels, |x, y| {
            dark[y / pixels * size + x / pixels]
        });
        let mut seen = seen;
        let grids = seen.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, address);
    }

    #[test]
    fn a_text_that_no_code_can_hold_is_not_drawn() {
        assert!(draw(&"x".repeat(8_000)).is_none());
    }
}

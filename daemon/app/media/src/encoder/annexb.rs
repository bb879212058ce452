// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the byte stream an encoder makes to access units with lengths. Spec: ITU-T H.264 §B.1.

use std::sync::Arc;

use frame::{AvcConfig, EncodedFrame, Nal, ParameterSetError, Pts, Size};

/// More than any access unit of the sizes we encode.
pub const MAX_ACCESS_UNIT_BYTES: usize = 8 << 20;

/// Bytes that are no access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// A slice came before any parameter sets.
    #[error("slice without parameter sets")]
    NoParameterSets,
    /// The parameter sets are unusable.
    #[error(transparent)]
    ParameterSets(#[from] ParameterSetError),
    /// Longer than [`MAX_ACCESS_UNIT_BYTES`].
    #[error("access unit of {0} bytes")]
    TooLong(usize),
}

/// Packs access units of one encoder; remembers the parameter sets.
#[derive(Debug)]
pub struct AccessUnits {
    size: Size,
    config: Option<Arc<AvcConfig>>,
    /// The last access unit; kept for its memory.
    data: Vec<u8>,
}

impl AccessUnits {
    /// For an encoder of pictures of `size`.
    pub const fn new(size: Size) -> Self {
        Self { size, config: None, data: Vec::new() }
    }

    /// Packs one access unit of the byte stream: parameter sets go to the config, slices get
    /// their lengths, everything else is dropped. `None` when there is no slice.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn package(
        &mut self,
        stream: &[u8],
        pts: Pts,
    ) -> Result<Option<EncodedFrame>, PackageError> {
        if stream.len() > MAX_ACCESS_UNIT_BYTES {
            return Err(PackageError::TooLong(stream.len()));
        }
        let (mut sps, mut pps, mut is_idr) = (None, None, false);
        let data = &mut self.data;
        data.clear();
        for nal in nals(stream) {
            match nal.kind() {
                SPS => sps = Some(nal.0),
                PPS => pps = Some(nal.0),
                kind @ (SLICE | IDR) => {
                    is_idr |= kind == IDR;
                    let len = u32::try_from(nal.0.len()).expect("bounded above");
                    data.extend_from_slice(&len.to_be_bytes());
                    data.extend_from_slice(nal.0);
                }
                _ => {}
            }
        }
        if let (Some(sps), Some(pps)) = (sps, pps)
            && self.config.as_ref().is_none_or(|old| old.sps() != sps || old.pps() != pps)
        {
            let config = AvcConfig::new(sps.to_vec(), pps.to_vec(), self.size)?;
            self.config = Some(Arc::new(config));
        }
        if data.is_empty() {
            return Ok(None);
        }
        let config = self.config.clone().ok_or(PackageError::NoParameterSets)?;
        Ok(Some(EncodedFrame { pts, is_idr, data: data.as_slice().into(), config }))
    }
}

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// The NAL units between start codes of three or four bytes. Bytes before the first start code
/// and zeros at the end of a unit belong to none.
fn nals(stream: &[u8]) -> impl Iterator<Item = Nal<'_>> {
    let mut rest = start_code(stream).map(|at| &stream[at + 3..]);
    std::iter::from_fn(move || {
        let unit = rest?;
        let (unit, next) = match start_code(unit) {
            Some(at) => (&unit[..at], Some(&unit[at + 3..])),
            None => (unit, None),
        };
        rest = next;
        let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Some(Nal(&unit[..end]))
    })
    .filter(|nal| !nal.0.is_empty())
}

/// Where the next `00 00 01` begins.
fn start_code(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let one = from + bytes.get(from..)?.iter().position(|&byte| byte == 1)?;
        if one >= 2 && bytes[one - 1] == 0 && bytes[one - 2] == 0 {
            return Some(one - 2);
        }
        from = one + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const SPS_NAL: [u8; 6] = [0x67, 77, 0, 40, 0xaa, 0x80];
    const PPS_NAL: [u8; 3] = [0x68, 0xee, 0x3c];

    fn stream(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&[0, 0, 0, 1], *nal].concat()).collect()
    }

    #[test]
    fn parameter_sets_leave_the_data_and_delimiters_vanish() {
        let mut units = AccessUnits::new(Size::new(640, 360));
        let (idr, slice) = ([0x65, 0x88, 1], [0x41, 0x9a, 3]);
        let unit = stream(&[&[9, 0xf0], &SPS_NAL, &PPS_NAL, &[6, 5, 1, 0x80], &idr]);
        let frame = units.package(&unit, Pts::from_millis(7)).unwrap().unwrap();
        assert!(frame.is_idr);
        assert_eq!(*frame.data, [0, 0, 0, 3, 0x65, 0x88, 1]);
        assert_eq!(frame.config.sps(), SPS_NAL);
        assert_eq!(frame.config.pps(), PPS_NAL);
        let next = units.package(&stream(&[&slice, &slice]), Pts::from_millis(8)).unwrap().unwrap();
        assert!(!next.is_idr);
        assert_eq!(*next.data, [0, 0, 0, 3, 0x41, 0x9a, 3, 0, 0, 0, 3, 0x41, 0x9a, 3]);
        assert!(Arc::ptr_eq(&frame.config, &next.config));
    }

    #[test]
    fn a_stream_that_begins_in_the_middle_is_an_error() {
        let mut units = AccessUnits::new(Size::new(640, 360));
        let frame = units.package(&stream(&[&[0x41, 1]]), Pts::from_millis(0));
        assert_eq!(frame.unwrap_err(), PackageError::NoParameterSets);
        assert!(units.package(&[], Pts::from_millis(0)).unwrap().is_none());
        let broken = units.package(&stream(&[&[0x67], &PPS_NAL, &[0x65, 1]]), Pts::default());
        assert_eq!(broken.unwrap_err(), PackageError::ParameterSets(ParameterSetError));
        let long = vec![0; MAX_ACCESS_UNIT_BYTES + 1];
        assert!(matches!(units.package(&long, Pts::default()), Err(PackageError::TooLong(_))));
    }

    #[test]
    fn short_and_long_start_codes_are_alike() {
        let bytes = [9, 9, 0, 0, 1, 0x41, 1, 0, 0, 0, 0, 1, 0x41, 2, 0, 0, 1, 0x41, 0, 0];
        let found: Vec<_> = nals(&bytes).map(|nal| nal.0.to_vec()).collect();
        assert_eq!(found, [vec![0x41, 1], vec![0x41, 2], vec![0x41]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_packed_or_refused(
            bytes in prop::collection::vec(prop::sample::select(vec![0u8, 0, 1, 7, 0x65, 0x67, 0x68, 0xff]), 0..200),
        ) {
            let mut units = AccessUnits::new(Size::new(16, 16));
            if let Ok(Some(frame)) = units.package(&bytes, Pts::default()) {
                let total: usize = frame::nals(&frame.data).map(|nal| nal.0.len() + 4).sum();
                prop_assert_eq!(total, frame.data.len());
            }
        }

        #[test]
        fn slices_survive(
            slices in prop::collection::vec(prop::collection::vec(2u8.., 1..40), 1..5),
            idr in any::<bool>(),
        ) {
            let mut units = AccessUnits::new(Size::new(16, 16));
            let header = if idr { 0x65 } else { 0x41 };
            let slices: Vec<_> = slices.iter().map(|s| [&[header], s.as_slice()].concat()).collect();
            let mut all: Vec<&[u8]> = vec![&SPS_NAL, &PPS_NAL];
            all.extend(slices.iter().map(Vec::as_slice));
            let frame = units.package(&stream(&all), Pts::default()).unwrap().unwrap();
            prop_assert!(frame.is_idr == idr);
            let back: Vec<_> = frame::nals(&frame.data).map(|nal| nal.0.to_vec()).collect();
            prop_assert_eq!(back, slices);
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that are used again once nobody holds them: a 1080p picture is 3 MB, and a camera
//! has little memory.

use std::sync::Arc;

use frame::{Size, YuvPicture};

/// At most `limit` pictures of one size. `M` is what the painter wants to remember of a picture,
/// such as what it drew there last.
#[derive(Debug)]
pub(crate) struct Pool<M = ()> {
    size: Size,
    limit: usize,
    pictures: Vec<(Arc<YuvPicture>, M)>,
    /// Takes since the last picture was needed.
    last_unused: u32,
}

impl<M: Default> Pool<M> {
    pub(crate) fn new(size: Size, limit: usize) -> Self {
        Self { size, limit, pictures: Vec::with_capacity(limit), last_unused: 0 }
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Lets `paint` draw into a picture nobody else holds; its old content is still there, black
    /// at first. `None` when all pictures are held.
    ///
    /// # Errors
    /// Those of `paint`.
    pub(crate) fn paint<E>(
        &mut self,
        paint: impl FnOnce(&mut YuvPicture, &mut M) -> Result<(), E>,
    ) -> Result<Option<Arc<YuvPicture>>, E> {
        let free = self.pictures.iter_mut().position(|(held, _)| Arc::get_mut(held).is_some());
        let index = match free {
            Some(index) => index,
            None if self.pictures.len() < self.limit => {
                self.pictures.push((Arc::new(YuvPicture::black(self.size)), M::default()));
                self.pictures.len() - 1
            }
            None => return Ok(None),
        };
        let (picture, mark) = &mut self.pictures[index];
        paint(Arc::get_mut(picture).expect("found free above, and only we can clone it"), mark)?;
        let picture = Arc::clone(picture);
        self.shrink(index);
        Ok(Some(picture))
    }

    /// Gives back the last picture when it was not needed for a while.
    fn shrink(&mut self, taken: usize) {
        if taken + 1 == self.pictures.len() {
            self.last_unused = 0;
            return;
        }
        self.last_unused += 1;
        if self.last_unused > SHRINK_AFTER {
            self.last_unused = 0;
            self.pictures.pop();
        }
    }
}

/// Ten seconds of pictures at 30 fps.
const SHRINK_AFTER: u32 = 300;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn take(pool: &mut Pool<u32>) -> Option<Arc<YuvPicture>> {
        let painted: Result<_, Infallible> = pool.paint(|_, mark| {
            *mark += 1;
            Ok(())
        });
        painted.unwrap()
    }

    #[test]
    fn a_held_picture_is_never_painted() {
        let mut pool = Pool::new(Size::new(16, 16), 2);
        let (first, second) = (take(&mut pool).unwrap(), take(&mut pool).unwrap());
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(take(&mut pool).is_none(), "both are held");
        let freed = Arc::as_ptr(&second);
        drop(second);
        assert_eq!(Arc::as_ptr(&take(&mut pool).unwrap()), freed);
    }

    #[test]
    fn memory_of_a_burst_is_given_back() {
        let mut pool = Pool::new(Size::new(16, 16), 4);
        let burst: Vec<_> = (0..4).map(|_| take(&mut pool)).collect();
        drop(burst);
        for _ in 0..4 * (SHRINK_AFTER + 1) {
            assert!(take(&mut pool).is_some());
        }
        assert_eq!(pool.pictures.len(), 1);
    }

    #[test]
    fn the_mark_stays_with_its_picture() {
        let mut pool = Pool::new(Size::new(16, 16), 2);
        for _ in 0..3 {
            take(&mut pool);
        }
        assert_eq!(pool.pictures[0].1, 3);
    }
}

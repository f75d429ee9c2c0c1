//! Shapes and their areas.
use std::fmt;

/// A point in the plane.
#[derive(Debug, Clone)]
pub struct Point<T> {
    x: T,
}

pub enum Kind {
    Round,
    Square(i32),
}

pub trait Shape {
    // PAD

    fn area(&self) -> f64;

    fn describe(&self) -> String {
        format!("{}", self.area())
    }
}

impl<T: Clone> Point<T> {
    // PAD

    /// Makes a point.
    #[inline]
    pub fn new(x: T) -> Self {
        Point { x }
    }
}

impl<T> fmt::Display for geometry::Point<T> {
    // PAD

    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
}

macro_rules! square {
    ($x:expr) => { $x * $x };
}

mod tests {
    // PAD

    fn helper() -> i32 {
        1
    }
}

pub const MAX: usize = 3;

pub async fn measure(shape: &dyn Shape) -> f64 {
    shape.area()
}

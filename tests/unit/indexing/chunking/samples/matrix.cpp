#include <vector>

namespace math::linear {
// PAD

/// A grid of numbers.
template <typename T>
class Matrix : public Base {
public:
  // PAD

  Matrix(int rows) : rows_(rows) {
    fill();
  }

  ~Matrix();

  virtual T at(int row) const override {
    return values_[row];
  }

  bool operator==(const Matrix& other) const {
    return true;
  }

  struct Row {
    int index;
    void clear() {
      index = 0;
    }
  };

private:
  int rows_;
};

template <typename T>
T Matrix<T>::sum() const {
  return T();
}

Matrix::~Matrix() {
  release();
}

void Matrix::Row::reset() {
  index = 0;
}

std::vector<int> make() {
  return {};
}

enum class Order {
  Row,
  Column,
};

}  // namespace math::linear

extern "C" {
void c_entry(void) {
  run();
}
}

TEST(MatrixTest, Adds) {
  EXPECT_EQ(1, 1);
}

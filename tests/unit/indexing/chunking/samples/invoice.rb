require "date"

module Billing
  # PAD

  # What a customer owes.
  class Invoice < Record
    # PAD

    LIMIT = 3
    attr_reader :lines

    def initialize(lines)
      @lines = lines
    end

    # Adds up.
    def total
      lines.sum
    end

    def self.open(id)
      find(id)
    end

    class << self
      def latest
        last
      end
    end

    private def check
      raise unless lines
    end
  end
end

def run(argv)
  Billing::Invoice.open(argv)
end

Line = Struct.new(:price) do
  def free?
    price.zero?
  end
end

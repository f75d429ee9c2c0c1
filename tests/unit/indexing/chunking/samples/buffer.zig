const std = @import("std");

/// Grows as needed.
pub const Buffer = struct {
    // PAD

    len: usize,

    pub fn init(len: usize) Buffer {
        return .{ .len = len };
    }

    fn grow(self: *Buffer) void {
        self.len += 1;
    }
};

pub const Mode = enum {
    read,
    write,
};

pub fn main() !void {
    std.debug.print("hi", .{});
}

test "grows" {
    _ = Buffer.init(1);
}

import { describe, expect, it } from "vitest";
import { withoutCommands } from "./ansi";

describe("withoutCommands", () => {
  it.each([
    ["a title", "\x1b]0;title\x07after", "after"],
    ["a link", "\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\ after", "link after"],
    ["a device string", "\x1bP1$r\x1b\\after", "after"],
    ["a saved cursor", "\x1b7a\x1b8b", "ab"],
    ["a lone escape", "after\x1b", "after"],
    ["one without an end", "\x1b]0;title\nafter", "\nafter"],
    ["colours", "\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"],
    ["plain text", "[1] ]0; P\n", "[1] ]0; P\n"],
  ])("%s", (_name, written, read) => {
    expect(withoutCommands(written)).toBe(read);
  });
});

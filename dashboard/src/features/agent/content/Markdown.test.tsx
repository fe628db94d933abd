// @vitest-environment happy-dom
import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";

afterEach(cleanup);

const html = (text: string): string => render(<Markdown text={text} />).container.innerHTML;

describe("Markdown", () => {
  it("never becomes markup of its own", () => {
    const { container } = render(
      <Markdown
        text={[
          "<script>alert(1)</script>",
          '<img src=x onerror="alert(1)">',
          "[click](javascript:alert(1))",
          "![shot](https://example.org/x.png)",
          "[data](data:text/html,<b>x</b>)",
          "a <b onclick=alert(1)>bold</b> word",
        ].join("\n\n")}
      />,
    );
    expect(container.querySelector("script, img, b, [onclick], [onerror]")).toBeNull();
    expect(container.querySelectorAll("a")).toHaveLength(0);
    expect(container.textContent).toContain("<script>alert(1)</script>");
  });

  it("opens links apart from this page", () => {
    const { container } = render(<Markdown text="[docs](https://example.org)" />);
    const link = container.querySelector("a");
    expect(link?.getAttribute("href")).toBe("https://example.org");
    expect(link?.getAttribute("rel")).toContain("noopener");
  });

  it("keeps an agent's headings out of the page's own order", () => {
    expect(html("# Big\n\ntext")).not.toMatch(/<h\d/);
  });

  it("is the same in the end, however it was written", () => {
    const text =
      "Intro with **bold**.\n\n1. one\n2. two\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd.";
    const { container, rerender } = render(<Markdown text="" writing />);
    for (let end = 1; end <= text.length; end += 1) {
      rerender(<Markdown text={text.slice(0, end)} writing />);
    }
    const written = container.innerHTML;
    rerender(<Markdown text={text} />);
    expect(container.innerHTML).toBe(written);
    expect(written).toBe(html(text));
  });
});

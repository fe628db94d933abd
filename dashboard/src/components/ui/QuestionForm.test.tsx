// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { QuestionForm } from "./QuestionForm";

afterEach(cleanup);

const questions = [{ question: "How?", options: [{ label: "Fast" }, { label: "Well" }] }];
const button = () => screen.getByRole<HTMLButtonElement>("button");

describe("QuestionForm", () => {
  it("sends the chosen label", async () => {
    const onAnswer = vi.fn(async () => undefined);
    render(<QuestionForm questions={questions} onAnswer={onAnswer} />);
    expect(button().disabled).toBe(true);
    fireEvent.click(screen.getByLabelText("Well"));
    fireEvent.click(button());
    expect(onAnswer).toHaveBeenCalledWith({ "How?": "Well" });
    await screen.findByText("Answered");
  });

  it("takes typed words as the answer and says when they would not be sent", () => {
    const onAnswer = vi.fn(async () => undefined);
    render(<QuestionForm questions={questions} onAnswer={onAnswer} />);
    const text = screen.getByPlaceholderText("Something else…");
    fireEvent.change(text, { target: { value: "Both" } });
    expect(screen.getByLabelText<HTMLInputElement>("Something else").checked).toBe(true);
    fireEvent.click(screen.getByLabelText("Fast"));
    screen.getByText("Your own words are not part of this choice.");
    fireEvent.click(screen.getByLabelText("Something else"));
    fireEvent.click(button());
    expect(onAnswer).toHaveBeenCalledWith({ "How?": "Both" });
  });

  it("keeps everything when the answer is refused", async () => {
    const onAnswer = async () => {
      throw new Error("linus answered first.");
    };
    render(<QuestionForm questions={questions} onAnswer={onAnswer} />);
    fireEvent.click(screen.getByLabelText("Fast"));
    fireEvent.click(button());
    await screen.findByText("linus answered first.");
    expect(screen.getByLabelText<HTMLInputElement>("Fast").checked).toBe(true);
    expect(button().disabled).toBe(false);
  });
});

"""What the model sees of a conversation: token counts, the window of turns, the prompt. Policy only, no input or output
except the token ranks."""

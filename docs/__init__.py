"""What the documents repeat of the code, and the programs that write it into them."""

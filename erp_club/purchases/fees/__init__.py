"""What joining and renewing cost: lines of the sale in which they happen, undone with them."""

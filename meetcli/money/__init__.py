"""What calls cost: prices, tokens and budgets. Calls nothing."""

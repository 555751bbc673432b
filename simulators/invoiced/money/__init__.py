"""Money that moves: payments, the gateway's charges and refunds, credit balances, bad debts."""

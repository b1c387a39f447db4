"""ERP Club: customer clubs for retail chains. The domain; knows nothing of HTTP."""

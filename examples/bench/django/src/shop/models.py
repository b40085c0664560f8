from django.contrib import admin
from django.db import models


class Item(models.Model):
    title = models.CharField(max_length=200)
    price = models.IntegerField()


class Order(models.Model):
    items = models.ManyToManyField(Item)
    created = models.DateTimeField(auto_now_add=True)


admin.site.register([Item, Order])
